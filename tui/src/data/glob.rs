//! Patterns of names and ids: `*` stands for any characters, upper and lower case are the same.

/// True when all of `text` is as `pattern` says; an empty pattern matches all.
pub fn matches(pattern: &str, text: &str) -> bool {
    if pattern.is_empty() {
        return true;
    }
    let (pattern, text) = (pattern.to_lowercase(), text.to_lowercase());
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut left) = text.strip_prefix(first) else {
        return false;
    };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    // The first place of each part leaves most for the others.
    for part in middle.split('*') {
        let Some(at) = left.find(part) else {
            return false;
        };
        left = &left[at + part.len()..];
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stand_for_anything_and_the_rest_for_itself() {
        for (pattern, text, expected) in [
            ("", "anything", true),
            ("order", "Order", true),
            ("order", "Orders", false),
            ("Order*", "orderBatch", true),
            ("*batch", "OrderBatch", true),
            ("*batch", "OrderBatch2", false),
            ("o*b*h", "OrderBatch", true),
            ("a*a", "a", false),
            ("*", "", true),
            ("**", "x", true),
            ("a*b*c", "acb", false),
            ("*ab", "aab", true),
            ("名*", "名前", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
