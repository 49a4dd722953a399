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
//!
//! It leaves open what a LITERAL is; how others read it is said where it is read.

use super::{Segment, Template, Variable};
use crate::{Dialect, TemplateError};

pub(super) fn template(text: &str, dialect: Dialect) -> Result<Template, TemplateError> {
    let mut parser = Parser {
        text,
        dialect,
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
    dialect: Dialect,
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
            // To grpc-gateway this is one empty segment, as it is in a path.
            if self.dialect == Dialect::GrpcGateway {
                self.segments.push(Segment::Literal(String::new()));
            }
            return Ok(None);
        }
        let mut verb = None;
        loop {
            if self.peek() == Some('{') {
                self.variable()?;
                if self.eat(":") {
                    let literal = self.take_literal();
                    verb = self.verb(literal)?;
                    break;
                }
            } else {
                verb = self.segment(true)?;
            }
            if !self.eat("/") {
                break;
            }
        }
        match self.peek() {
            None => self.check_whole().map(|()| verb),
            Some(other) => self.problem(format!("{other:?} does not belong here")),
        }
    }

    /// `*`, `**` or a literal; at the top level the last of them may end in a verb.
    fn segment(&mut self, top_level: bool) -> Result<Option<String>, Problem> {
        let start = self.at;
        let literal = self.take_literal();
        let last = top_level && self.rest().is_empty();
        let (literal, verb) = match literal.rsplit_once(':') {
            Some((literal, verb)) if last => (literal, self.verb(verb)?),
            Some(_) if !top_level && self.dialect != Dialect::GrpcGateway => {
                let problem = "a variable holds no ':'; a verb stands behind all segments";
                return Err((start, problem.to_owned()));
            }
            _ => (literal, None),
        };
        self.segments.push(match literal {
            "" => return Err((start, "a segment is empty".to_owned())),
            "*" => Segment::One,
            "**" => Segment::Rest,
            _ => {
                self.check_stars(start, literal)?;
                Segment::Literal(self.decoded(literal).map_err(|problem| (start, problem))?)
            }
        });
        Ok(verb)
    }

    fn variable(&mut self) -> Result<(), Problem> {
        let start = self.at;
        self.eat("{");
        let mut field_path = vec![self.ident()?];
        while self.eat(".") {
            field_path.push(self.ident()?);
        }
        if self.is_bound(&field_path) {
            match self.dialect {
                Dialect::HttpProto => {
                    return Err((start, format!("{:?} is bound twice", field_path.join("."))));
                }
                // The last one counts.
                Dialect::GrpcGateway => self.variables.retain(|v| v.field_path != field_path),
                Dialect::Envoy => {}
            }
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

    fn is_bound(&self, field_path: &[String]) -> bool {
        let mut variables = self.variables.iter();
        variables.any(|variable| variable.field_path == field_path)
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

    /// To grpc-gateway, a verb is all that follows a variable, and an empty one is none.
    fn verb(&self, literal: &str) -> Result<Option<String>, Problem> {
        let theirs = self.dialect == Dialect::GrpcGateway;
        match literal {
            "" if theirs => Ok(None),
            "" => self.problem("the verb is empty"),
            _ if literal.contains(':') && !theirs => self.problem("a verb holds no ':'"),
            _ => match self.decoded(literal) {
                Ok(verb) => Ok(Some(verb)),
                Err(problem) => self.problem(problem),
            },
        }
    }

    /// A `*` beside other characters is one of a literal to grpc-gateway, and behind them to Envoy.
    fn check_stars(&self, start: usize, literal: &str) -> Result<(), Problem> {
        let stray = match literal {
            _ if self.dialect == Dialect::GrpcGateway => None,
            _ if literal.starts_with("**") => Some(2),
            _ if literal.starts_with('*') => Some(1),
            _ if self.dialect == Dialect::Envoy => None,
            _ => literal.find('*'),
        };
        match stray.and_then(|at| Some((at, literal[at..].chars().next()?))) {
            None => Ok(()),
            Some((at, stray)) => Err((start + at, format!("{stray:?} does not belong here"))),
        }
    }

    /// What may stand behind `**`.
    fn check_whole(&self) -> Result<(), Problem> {
        let mut behind = self.segments.iter().skip_while(|s| **s != Segment::Rest);
        behind.next();
        match self.dialect {
            Dialect::HttpProto if behind.next().is_some() => {
                self.problem("'**' is only allowed as the last segment")
            }
            Dialect::GrpcGateway if behind.any(|segment| *segment == Segment::Rest) => {
                self.problem("'**' is only allowed once")
            }
            Dialect::Envoy if behind.any(|s| !matches!(s, Segment::Literal(_))) => {
                self.problem("'**' is only allowed before literals")
            }
            _ => Ok(()),
        }
    }

    /// A literal without its percent-encoding, which grpc-gateway leaves as it is. What cannot stand
    /// in a path unencoded is refused.
    fn decoded(&self, literal: &str) -> Result<String, String> {
        let theirs = self.dialect == Dialect::GrpcGateway;
        let is_wrong = |c: char| {
            c.is_whitespace() || c.is_control() || "?#".contains(c) || c == '=' && !theirs
        };
        if let Some(c) = literal.chars().find(|c| is_wrong(*c)) {
            return Err(format!(
                "{c:?} cannot stand in a path; write it percent-encoded"
            ));
        }
        let decoded = crate::capture::decode_all(literal)
            .ok_or_else(|| format!("{literal:?} is not well percent-encoded UTF-8"))?;
        Ok(if theirs { literal.to_owned() } else { decoded })
    }

    /// Everything up to the next character with a meaning.
    fn take_literal(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(['/', '{', '}']).unwrap_or(rest.len());
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

#[cfg(test)]
mod tests;
