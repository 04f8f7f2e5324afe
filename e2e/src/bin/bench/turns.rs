//! Figures that can be compared, on a machine that is not equally fast all the time.

use anyhow::{Context, Result};

/// Measures one thing and another in turns, so that whatever else happens on the machine meets both; gives the median
/// of each figure of both. One turn before those that count warms up.
pub async fn in_turns<const FIGURES: usize>(
    turns: usize,
    mut one: impl AsyncFnMut() -> Result<[f64; FIGURES]>,
    mut other: impl AsyncFnMut() -> Result<[f64; FIGURES]>,
) -> Result<([f64; FIGURES], [f64; FIGURES])> {
    one().await?;
    other().await?;
    let (mut ones, mut others) = (Vec::new(), Vec::new());
    for _ in 0..turns {
        ones.push(one().await?);
        others.push(other().await?);
    }
    let medians = |turns: &[_]| medians(turns).context("no turn");
    Ok((medians(&ones)?, medians(&others)?))
}

/// The median of each figure; `None` if there are no turns.
fn medians<const FIGURES: usize>(turns: &[[f64; FIGURES]]) -> Option<[f64; FIGURES]> {
    let mut medians = [0.0; FIGURES];
    for (figure, median) in medians.iter_mut().enumerate() {
        let mut figures: Vec<_> = turns.iter().map(|turn| turn[figure]).collect();
        figures.sort_by(f64::total_cmp);
        *median = *figures.get(figures.len() / 2)?;
    }
    Some(medians)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[tokio::test]
    async fn turns_alternate_and_the_first_counts_for_nothing() -> Result<()> {
        let taken = RefCell::new(Vec::new());
        let turn = async |name, figures: &mut dyn Iterator<Item = f64>| {
            taken.borrow_mut().push(name);
            Ok([figures.next().context("one turn too many")?])
        };
        let mut ones = [100.0, 1.0, 9.0, 2.0].into_iter();
        let mut others = [0.0, 7.0, 5.0, 6.0].into_iter();
        let medians = in_turns(
            3,
            async || turn("one", &mut ones).await,
            async || turn("other", &mut others).await,
        )
        .await?;
        assert_eq!(medians, ([2.0], [6.0]));
        assert_eq!(taken.into_inner(), ["one", "other"].repeat(4));
        Ok(())
    }
}
