//! Which of the known names somebody meant.

/// The known name that comes nearest to `name`, if one comes near.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: String = name.to_uppercase().chars().take(64).collect();
    known
        .map(|candidate| (strsim::osa_distance(&wanted, &candidate.to_uppercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

/// `; did you mean `PUSH`?` to end a message with; nothing if no known name comes near.
pub(crate) fn hint<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(name, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_name_that_was_meant_is_found() {
        let known = || ["LOCK_ACQUIRE", "LOCK_RELEASE", "PUSH", "POP"].into_iter();
        assert_eq!(nearest("LOCK_AQUIRE", known()), Some("LOCK_ACQUIRE"));
        assert_eq!(nearest("psuh", known()), Some("PUSH"));
        assert_eq!(nearest("FROBNICATE", known()), None);
        assert_eq!(nearest("", known()), None);
    }
}
