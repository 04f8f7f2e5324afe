//! Small line charts in SVG, without a script.

use maud::{Markup, html};

use super::history::CAPACITY;

const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 80.0;

/// Room above the highest line, so that its stroke is not cut.
const MARGIN: f64 = 3.0;

/// One line of a chart.
pub(super) struct Series {
    pub(super) name: &'static str,
    /// Oldest first, one for each sample; where there was nothing to measure, the line has a gap.
    pub(super) values: Vec<Option<f64>>,
}

/// A chart of the last samples, with the latest values in its caption, and `format`ted values.
pub(super) fn chart(title: &str, series: &[Series], format: fn(f64) -> String) -> Markup {
    let values = series.iter().flat_map(|series| &series.values).flatten();
    let top = ceiling(values.copied().fold(0.0, f64::max));
    let latest = |series: &Series| match series.values.last().copied().flatten() {
        Some(value) => format(value),
        None => "–".to_owned(),
    };
    html! {
        figure.chart {
            figcaption {
                h3 { (title) }
                ul.legend {
                    @for (index, series) in series.iter().enumerate() {
                        li class=(class(index)) { (series.name) " " b { (latest(series)) } }
                    }
                }
            }
            div.plot {
                svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" aria-hidden="true" {
                    line.grid x1="0" x2=(WIDTH) y1=(MARGIN) y2=(MARGIN) {}
                    line.grid x1="0" x2=(WIDTH) y1=((HEIGHT + MARGIN) / 2.0) y2=((HEIGHT + MARGIN) / 2.0) {}
                    line.base x1="0" x2=(WIDTH) y1=(HEIGHT) y2=(HEIGHT) {}
                    @for (index, series) in series.iter().enumerate().rev() {
                        @for line in lines(&series.values, top) {
                            polyline class=(class(index)) points=(line) {}
                        }
                    }
                }
                span.top { (format(top)) }
            }
            div.axis aria-hidden="true" { span { "10 minutes ago" } span { "now" } }
        }
    }
}

fn class(index: usize) -> &'static str {
    if index == 0 { "first" } else { "second" }
}

/// The points of the lines between the gaps. The latest sample is at the right edge.
fn lines(values: &[Option<f64>], top: f64) -> Vec<String> {
    let step = WIDTH / (CAPACITY - 1) as f64;
    let offset = CAPACITY.saturating_sub(values.len());
    let point = |index: usize, value: f64| {
        let x = (offset + index) as f64 * step;
        let y = HEIGHT - value / top * (HEIGHT - MARGIN);
        format!("{x:.1},{y:.1}")
    };
    let indexed: Vec<_> = values.iter().copied().enumerate().collect();
    indexed
        .split(|(_, value)| value.is_none())
        .filter_map(|line| {
            let mut points: Vec<_> = line
                .iter()
                .filter_map(|&(index, value)| Some(point(index, value?)))
                .collect();
            // A line needs two points; on one alone, a round cap makes a dot.
            if let [only] = points.as_slice() {
                points.push(only.clone());
            }
            (!points.is_empty()).then(|| points.join(" "))
        })
        .collect()
}

/// The next of 1, 2, 5, 10, 20, 50, … and of their fractions.
fn ceiling(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    let step = steps.into_iter().find(|step| value <= step * power);
    step.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_with_a_round_number() {
        for (value, top) in [
            (0.0, 1.0),
            (0.3, 0.5),
            (1.0, 1.0),
            (4.2, 5.0),
            (73.0, 100.0),
        ] {
            assert!((ceiling(value) - top).abs() < 1e-9, "{value}");
        }
    }

    #[test]
    fn a_line_has_gaps_and_ends_at_the_right() {
        let lines = lines(&[Some(1.0), None, Some(0.0), Some(0.5)], 1.0);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].contains(",3.0"), "{lines:?}");
        assert!(lines[1].ends_with("300.0,41.5"), "{lines:?}");
    }
}
