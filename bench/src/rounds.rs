//! Rounds, taken in turn.

/// Runs `measure(contender)` once a round for each of `contenders`, every round beginning with the
/// next one, so that drift of the machine falls on all alike. Returns each contender's figures, in
/// the order of the rounds.
pub fn interleaved<F>(
    rounds: usize,
    contenders: usize,
    mut measure: impl FnMut(usize) -> F,
) -> Vec<Vec<F>> {
    let mut figures: Vec<Vec<F>> = (0..contenders).map(|_| Vec::with_capacity(rounds)).collect();
    for round in 0..rounds {
        for turn in 0..contenders {
            let contender = (round + turn) % contenders;
            figures[contender].push(measure(contender));
        }
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_begins_with_another() {
        let mut order = Vec::new();
        let figures = interleaved(2, 3, |contender| {
            order.push(contender);
            order.len() as f64
        });
        assert_eq!(order, [0, 1, 2, 1, 2, 0]);
        assert_eq!(figures, [[1.0, 6.0], [2.0, 4.0], [3.0, 5.0]]);
    }
}
