//! A small chart of how long things took.

use std::collections::VecDeque;

use yew::prelude::*;

const WIDTH: f64 = 280.0;
const HEIGHT: f64 = 72.0;

/// A bar for each of these milliseconds, oldest first.
pub fn latency_chart(values: &VecDeque<u64>) -> Html {
    let highest = values.iter().copied().max().unwrap_or(1).max(1);
    let step = WIDTH / values.len().max(20) as f64;
    let bar = |(index, value): (usize, &u64)| {
        let height = (*value as f64 / highest as f64 * (HEIGHT - 4.0)).max(1.0);
        html! {
            <rect
                x={format!("{:.1}", index as f64 * step)}
                y={format!("{:.1}", HEIGHT - height)}
                width={format!("{:.1}", (step - 1.5).max(1.0))}
                height={format!("{height:.1}")}
                rx="1"
            />
        }
    };
    html! {
        <svg
            class="chart"
            viewBox={format!("0 0 {WIDTH} {HEIGHT}")}
            role="img"
            aria-label={format!("The latest {} round trips; the longest took {highest} ms", values.len())}
        >
            { for values.iter().enumerate().map(bar) }
        </svg>
    }
}

/// The value in the middle.
pub fn median(values: &VecDeque<u64>) -> Option<u64> {
    let mut sorted: Vec<_> = values.iter().copied().collect();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&VecDeque::new()), None);
        assert_eq!(median(&VecDeque::from([9, 1, 5])), Some(5));
    }
}
