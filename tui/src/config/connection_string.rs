//! Connection strings: `Endpoint=…;TaskHub=…;Authentication=…`.
//!
//! Keys are case-insensitive, values may be quoted, a later key wins, as the official
//! clients read them. Keys that do not matter to a dashboard are accepted.

/// What a connection string says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionString {
    pub endpoint: String,
    pub task_hub: Option<String>,
    pub authentication: Option<String>,
}

impl ConnectionString {
    /// Reads `text`.
    ///
    /// # Errors
    /// A sentence that says what is wrong and never repeats a value, which may be a secret.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (mut endpoint, mut task_hub, mut authentication) = (None, None, None);
        for part in parts(text)? {
            let part = part.trim();
            if part.is_empty() {
                continue;
            }
            let Some((key, value)) = part.split_once('=') else {
                return Err("a part has no “=”; expected Endpoint=…;TaskHub=…".to_owned());
            };
            let value = unquoted(value.trim());
            match key.trim().to_ascii_lowercase().as_str() {
                "endpoint" => endpoint = Some(value),
                "taskhub" => task_hub = Some(value),
                "authentication" => authentication = Some(value),
                _ => {}
            }
        }
        let endpoint = endpoint.filter(|it| !it.is_empty());
        let endpoint = endpoint.ok_or_else(|| "it has no Endpoint".to_owned())?;
        let task_hub = task_hub.filter(|it| !it.is_empty());
        Ok(Self {
            endpoint,
            task_hub,
            authentication,
        })
    }
}

/// Splits at semicolons outside of quotes.
fn parts(text: &str) -> Result<Vec<String>, String> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    for it in text.chars() {
        match (it, quote) {
            (';', None) => parts.push(String::new()),
            ('"' | '\'', None) => quote = Some(it),
            (_, Some(open)) if it == open => quote = None,
            _ => {}
        }
        if let Some(part) = parts.last_mut().filter(|_| it != ';' || quote.is_some()) {
            part.push(it);
        }
    }
    if quote.is_some() {
        Err("a quote is not closed".to_owned())
    } else {
        Ok(parts)
    }
}

fn unquoted(value: &str) -> String {
    for quote in ['"', '\''] {
        let inner = value
            .strip_prefix(quote)
            .and_then(|it| it.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner.to_owned();
        }
    }
    value.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_ignore_case_values_may_be_quoted_and_the_later_key_wins() {
        let text = " endpoint = http://a:1 ;TASKHUB='my;hub';Authentication=None;TaskHub=\"x\"; ";
        let parsed = ConnectionString::parse(text).unwrap();
        assert_eq!(parsed.endpoint, "http://a:1");
        assert_eq!(parsed.task_hub.as_deref(), Some("x"));
        assert_eq!(parsed.authentication.as_deref(), Some("None"));
        assert!(
            ConnectionString::parse("TaskHub=x")
                .unwrap_err()
                .contains("no Endpoint")
        );
        assert!(ConnectionString::parse("Endpoint").is_err());
        assert!(ConnectionString::parse("Endpoint='x").is_err());
    }
}
