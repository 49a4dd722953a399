//! `has(message.field)` asks whether the field is set. The interpreter would ask whether there is one,
//! so that it is made a call of [`has`](super::functions).

use cel::IdedExpr;
use cel::common::ast::{CallExpr, EntryExpr, Expr, LiteralValue};

pub(super) const HAS: &str = "has";

pub(super) fn rewrite(expression: &mut IdedExpr) {
    match &mut expression.expr {
        Expr::Call(call) => {
            call.target.as_deref_mut().into_iter().for_each(rewrite);
            call.args.iter_mut().for_each(rewrite);
        }
        Expr::Comprehension(all) => {
            for part in [
                &mut all.iter_range,
                &mut all.accu_init,
                &mut all.loop_cond,
                &mut all.loop_step,
                &mut all.result,
            ] {
                rewrite(part);
            }
        }
        Expr::List(list) => list.elements.iter_mut().for_each(rewrite),
        Expr::Map(map) => map.entries.iter_mut().for_each(|one| entry(&mut one.expr)),
        Expr::Struct(of) => of.entries.iter_mut().for_each(|one| entry(&mut one.expr)),
        Expr::Select(select) => {
            rewrite(&mut select.operand);
            if select.test {
                let name = LiteralValue::String(select.field.clone().into());
                let name = IdedExpr {
                    id: expression.id,
                    expr: Expr::Literal(name),
                };
                let operand = std::mem::take(&mut *select.operand);
                expression.expr = Expr::Call(CallExpr {
                    func_name: HAS.to_owned(),
                    target: None,
                    args: vec![operand, name],
                });
            }
        }
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
    }
}

fn entry(entry: &mut EntryExpr) {
    match entry {
        EntryExpr::StructField(field) => rewrite(&mut field.value),
        EntryExpr::MapEntry(entry) => {
            rewrite(&mut entry.key);
            rewrite(&mut entry.value);
        }
    }
}
