//! The grammar of google/api/http.proto:
//!
//! ```text
//! Template = "/" Segments [ Verb ] ;
//! Segments = Segment { "/" Segment } ;
//! Segment  = "*" | "**" | LITERAL | Variable ;
//! Variable = "{" FieldPath [ "=" Segments ] "}" ;
//! FieldPath = IDENT { "." IDENT } ;
//! Verb     = ":" LITERAL ;
//! ```

use super::{Segment, Template, Variable};
use crate::TemplateError;

pub(super) fn template(text: &str) -> Result<Template, TemplateError> {
    let mut parser = Parser {
        text,
        at: 0,
        segments: Vec::new(),
        variables: Vec::new(),
    };
    let verb = parser.template().map_err(|(at, problem)| TemplateError {
        template: text.to_owned(),
        at,
        problem,
    })?;
    let Parser {
        segments,
        variables,
        ..
    } = parser;
    Ok(Template {
        text: text.to_owned(),
        segments,
        variables,
        verb,
    })
}

/// Where, and what.
type Problem = (usize, String);

struct Parser<'a> {
    text: &'a str,
    at: usize,
    segments: Vec<Segment>,
    variables: Vec<Variable>,
}

impl<'a> Parser<'a> {
    fn template(&mut self) -> Result<Option<String>, Problem> {
        if !self.eat("/") {
            return self.problem("a template starts with '/'");
        }
        if self.rest().is_empty() {
            return Ok(None);
        }
        let mut verb = None;
        loop {
            match self.peek() {
                Some('{') => self.variable()?,
                _ => verb = self.segment(true)?,
            }
            if verb.is_none() && self.eat(":") {
                let literal = self.take_literal();
                verb = Some(self.verb(literal)?);
            }
            if verb.is_some() || !self.eat("/") {
                break;
            }
        }
        match self.peek() {
            None => self.check_whole().map(|()| verb),
            Some(other) => self.problem(format!("{other:?} does not belong here")),
        }
    }

    /// `*`, `**` or a literal; at the top level a literal in last place may end in a verb.
    fn segment(&mut self, top_level: bool) -> Result<Option<String>, Problem> {
        if self.eat("**") {
            self.segments.push(Segment::Rest);
            return Ok(None);
        }
        if self.eat("*") {
            self.segments.push(Segment::One);
            return Ok(None);
        }
        let start = self.at;
        let literal = self.take_literal();
        let last = top_level && self.rest().is_empty();
        let (literal, verb) = match literal.rsplit_once(':') {
            Some((literal, verb)) if last => (literal, Some(self.verb(verb)?)),
            _ => (literal, None),
        };
        if literal.is_empty() {
            return Err((start, "a segment is empty".to_owned()));
        }
        let literal = decoded(literal).map_err(|problem| (start, problem))?;
        self.segments.push(Segment::Literal(literal));
        Ok(verb)
    }

    fn variable(&mut self) -> Result<(), Problem> {
        let start = self.at;
        self.eat("{");
        let mut field_path = vec![self.ident()?];
        while self.eat(".") {
            field_path.push(self.ident()?);
        }
        if self
            .variables
            .iter()
            .any(|variable| variable.field_path == field_path)
        {
            return Err((start, format!("{:?} is bound twice", field_path.join("."))));
        }
        let first = self.segments.len();
        if self.eat("=") {
            loop {
                if self.peek() == Some('{') {
                    return self.problem("variables do not nest");
                }
                self.segment(false)?;
                if !self.eat("/") {
                    break;
                }
            }
        } else {
            self.segments.push(Segment::One);
        }
        if !self.eat("}") {
            return self.problem("'}' is missing here");
        }
        self.variables.push(Variable {
            field_path,
            segments: first..self.segments.len(),
        });
        Ok(())
    }

    fn ident(&mut self) -> Result<String, Problem> {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        let ident = &rest[..end];
        if !ident.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return self.problem("a field name is missing here");
        }
        self.at += end;
        Ok(ident.to_owned())
    }

    fn verb(&self, literal: &str) -> Result<String, Problem> {
        match literal {
            "" => self.problem("the verb is empty"),
            _ if literal.contains(':') => self.problem("a verb holds no ':'"),
            _ => decoded(literal).or_else(|problem| self.problem(problem)),
        }
    }

    fn check_whole(&self) -> Result<(), Problem> {
        let before_last = self
            .segments
            .split_last()
            .map_or(&[][..], |(_, before)| before);
        if before_last.contains(&Segment::Rest) {
            return self.problem("'**' is only allowed as the last segment");
        }
        Ok(())
    }

    /// Everything up to the next character with a meaning.
    fn take_literal(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(['/', '{', '}', '*']).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, token: &str) -> bool {
        let here = self.rest().starts_with(token);
        if here {
            self.at += token.len();
        }
        here
    }

    fn problem<T>(&self, problem: impl Into<String>) -> Result<T, Problem> {
        Err((self.at, problem.into()))
    }
}

/// A literal without its percent-encoding. What cannot stand in a path unencoded is refused.
fn decoded(literal: &str) -> Result<String, String> {
    if let Some(c) = literal
        .chars()
        .find(|&c| c.is_whitespace() || c.is_control() || "?#=".contains(c))
    {
        return Err(format!(
            "{c:?} cannot stand in a path; write it percent-encoded"
        ));
    }
    crate::capture::decode_all(literal)
        .ok_or_else(|| format!("{literal:?} is not well percent-encoded UTF-8"))
}

#[cfg(test)]
mod tests;
