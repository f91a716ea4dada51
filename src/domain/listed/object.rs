//! A line of NDJSON.

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

use super::{Alias, Named, Numbers, field_names, field_of, shown};

/// How many names that are not known here are told of a line.
const UNKNOWN_MAX: usize = 16;

/// What an object says, and the names of its members that are not known here.
///
/// # Errors
/// What is wrong with it.
pub fn object<F: Named>(
    line: &str,
    aliases: &[Alias<F>],
) -> Result<(F::Line, Vec<String>), String> {
    // The text of a serde error may repeat what the line holds.
    let Members(members) = serde_json::from_str(line).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => {
            format!("is no object of {}, each once at most", field_names::<F>())
        }
        _ => format!("is no JSON (column {})", error.column()),
    })?;
    let mut fields = F::Line::default();
    let (mut seen, mut unknown) = (Vec::with_capacity(F::ALL.len()), Vec::new());
    for (name, value) in members {
        let Some(field) = field_of(&name, aliases) else {
            if unknown.len() < UNKNOWN_MAX {
                unknown.push(shown(&name));
            }
            continue;
        };
        if seen.contains(&field) {
            return Err(format!(
                "{} is there twice; each field can be there once",
                field.name()
            ));
        }
        seen.push(field);
        *field.of(&mut fields) = text(field, value)?;
    }
    Ok((fields, unknown))
}

fn text<F: Named>(field: F, value: Value) -> Result<Option<String>, String> {
    let (name, numbers) = (field.name(), field.numbers());
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Value::Number(digits) if numbers == Numbers::Any => Ok(Some(digits.to_string())),
        // One that is no integer, or has more digits than a number of JSON carries, is not what was
        // meant.
        Value::Number(digits) if numbers == Numbers::Whole && digits.is_f64() => Err(format!(
            "{name} is a number that has lost digits: write it as text"
        )),
        Value::Number(digits) if numbers == Numbers::Whole => Ok(Some(digits.to_string())),
        _ => Err(format!("{name} is no text")),
    }
}

/// The members of an object in their order, doubled ones twice.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Members, M::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Each)
    }
}
