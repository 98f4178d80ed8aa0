//! JSON as it is written here.

use std::fmt;

/// A value.
#[derive(Debug)]
pub(super) enum Json {
    Null,
    Number(u64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    fn write(&self, to: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        match self {
            Self::Null => to.write_str("null"),
            Self::Number(number) => write!(to, "{number}"),
            Self::Text(text) => write_text(to, text),
            Self::List(values) => {
                to.write_str("[")?;
                for (n, value) in values.iter().enumerate() {
                    to.write_str(if n > 0 { ", " } else { "" })?;
                    value.write(to, depth)?;
                }
                to.write_str("]")
            }
            Self::Object(members) => {
                to.write_str("{")?;
                for (n, (name, value)) in members.iter().enumerate() {
                    to.write_str(if n > 0 { ",\n" } else { "\n" })?;
                    write!(to, "{:1$}", "", 2 * depth + 2)?;
                    write_text(to, name)?;
                    to.write_str(": ")?;
                    value.write(to, depth + 1)?;
                }
                if !members.is_empty() {
                    write!(to, "\n{:1$}", "", 2 * depth)?;
                }
                to.write_str("}")
            }
        }
    }
}

fn write_text(to: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    to.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(to, "\\{c}")?,
            c if c.is_control() => write!(to, "\\u{:04x}", u32::from(c))?,
            c => write!(to, "{c}")?,
        }
    }
    to.write_str("\"")
}

impl fmt::Display for Json {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(to, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_json() {
        let json = Json::Object(vec![
            ("a \"b\"\n".to_owned(), Json::List(vec![Json::Number(1), Json::text("\\ü")])),
            ("c".to_owned(), Json::Object(vec![("d".to_owned(), Json::Null)])),
            ("e".to_owned(), Json::Object(vec![])),
        ]);
        let expected = "{\n  \"a \\\"b\\\"\\u000a\": [1, \"\\\\ü\"],\n  \"c\": {\n    \"d\": null\n  },\n  \"e\": {}\n}";
        assert_eq!(json.to_string(), expected);
    }
}
