//! Where the reader is among the messages, and what to draw there. What is drawn is a slice; the rest is empty space of the
//! right height, so that the scroll bar tells the truth. No browser has room for the largest rooms: of these, it shows a stretch
//! that moves along with the reader.
//!
//! The anchor is the truth about the place: whatever changes its height above it, the reader sees the same.

use std::ops::Range;

use chat_api::MessageNumber;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::NodeRef;

use super::heights::Heights;

/// How far from the end, in pixels, still counts as being there.
const END_MARGIN: f64 = 40.0;

/// How far above and below what is seen messages are drawn, in heights of the view.
const OVERDRAW: f64 = 0.75;

/// How high a stretch is, in pixels: some 180,000 messages. Browsers end between 17 and 33 million.
const STRETCH: f64 = 10_000_000.0;

/// How near the end of a stretch the reader may come before it moves, in pixels.
const STRETCH_MARGIN: f64 = 100_000.0;

/// What the reader's place is tied to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Anchor {
    /// The latest message, whichever it is.
    End,
    /// A message, and how far below the upper edge of the view it begins.
    At(MessageNumber, f64),
}

/// Where the reader is.
#[derive(Debug)]
pub struct Scroller {
    heights: Heights,
    anchor: Anchor,
    /// How far below the first message the stretch begins that can be scrolled through.
    origin: f64,
    /// Where the view was scrolled to by the page itself.
    set_top: f64,
    width: i32,
    sight: Sight,
}

/// The elements that the scroller works on.
#[derive(Clone, Default, PartialEq)]
pub struct Elements {
    /// What scrolls.
    pub view: NodeRef,
    /// The space above the slice.
    pub above: NodeRef,
    /// The messages that are drawn.
    pub slice: NodeRef,
    /// The space below.
    pub below: NodeRef,
}

/// What the reader sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// The messages to draw.
    pub slice: Range<MessageNumber>,
    /// The messages that are wholly in view.
    pub seen: Range<MessageNumber>,
    /// Whether the latest message is in view.
    pub at_end: bool,
}

/// The part of a slice that there is.
pub fn clamp(slice: &Range<MessageNumber>, numbers: &Range<MessageNumber>) -> Range<MessageNumber> {
    let within = |number: MessageNumber| number.clamp(numbers.start, numbers.end);
    within(slice.start)..within(slice.end)
}

impl Default for Scroller {
    fn default() -> Self {
        Self {
            heights: Heights::default(),
            anchor: Anchor::End,
            origin: 0.0,
            set_top: -1.0,
            width: 0,
            sight: Sight::default(),
        }
    }
}

impl Scroller {
    /// The room now has these messages.
    pub fn cover(&mut self, numbers: Range<MessageNumber>) {
        self.heights.cover(numbers);
    }

    /// Ties the place to the end.
    pub fn go_to_end(&mut self) {
        self.anchor = Anchor::End;
    }

    /// Ties the place to a message, in the upper part of the view.
    pub fn go_to(&mut self, number: MessageNumber, elements: &Elements) {
        let height = elements.view.cast::<Element>();
        let height = height.map_or(0.0, |view| f64::from(view.client_height()));
        self.anchor = Anchor::At(number, height / 4.0);
    }

    /// The reader has scrolled.
    pub fn scrolled(&mut self, elements: &Elements) {
        let Some(view) = elements.view.cast::<Element>() else {
            return;
        };
        let top = f64::from(view.scroll_top());
        if (top - self.set_top).abs() <= 1.5 {
            return;
        }
        self.set_top = -1.0;
        let rest = f64::from(view.scroll_height() - view.client_height()) - top;
        self.anchor = if rest <= END_MARGIN && self.is_last_stretch() {
            Anchor::End
        } else {
            let top = self.origin + top;
            let number = self.heights.at(top);
            Anchor::At(number, self.heights.offset(number) - top)
        };
    }

    /// Measures what is drawn, keeps the reader's place, and tells what to draw.
    pub fn settle(&mut self, drawn: &Range<MessageNumber>, elements: &Elements) -> Sight {
        let Some(view) = elements.view.cast::<Element>() else {
            return Sight::default();
        };
        if view.client_height() == 0 {
            // Hidden, as on small screens: the reader comes back to where they were.
            return self.sight.clone();
        }
        let width = view.client_width();
        if std::mem::replace(&mut self.width, width) != width {
            self.heights.clear();
        }
        self.measure(drawn, &elements.slice);
        let total = self.heights.total();
        let place = match self.anchor {
            Anchor::End => total,
            Anchor::At(number, below) => self.heights.offset(number) - below,
        };
        self.origin = origin(self.origin, place, total);
        let end = total.min(self.origin + STRETCH);
        set_height(
            &elements.above,
            self.heights.offset(drawn.start) - self.origin,
        );
        set_height(&elements.below, end - self.heights.offset(drawn.end));
        let height = f64::from(view.client_height());
        let wanted = match self.anchor {
            Anchor::End => f64::from(view.scroll_height()) - height,
            Anchor::At(..) => place - self.origin,
        };
        if (wanted - f64::from(view.scroll_top())).abs() > 1.0 {
            view.set_scroll_top(wanted.round() as i32);
            self.set_top = f64::from(view.scroll_top());
        }
        self.sight = self.look(&view);
        self.sight.clone()
    }

    fn is_last_stretch(&self) -> bool {
        self.heights.total() <= self.origin + STRETCH
    }

    fn measure(&mut self, drawn: &Range<MessageNumber>, slice: &NodeRef) {
        let Some(slice) = slice.cast::<Element>() else {
            return;
        };
        let rows = slice.children();
        for (index, number) in (0..rows.length()).zip(drawn.clone()) {
            if let Some(row) = rows.item(index)
                && row.get_attribute("aria-busy").is_none()
            {
                self.heights
                    .set(number, row.get_bounding_client_rect().height());
            }
        }
    }

    fn look(&self, view: &Element) -> Sight {
        let scrolled = f64::from(view.scroll_top());
        let height = f64::from(view.client_height());
        let top = self.origin + scrolled;
        let margin = height * OVERDRAW;
        let first = self.heights.at(top + 4.0);
        let last = self.heights.at(top + height + 4.0);
        let rest = f64::from(view.scroll_height()) - height - scrolled;
        let at_end = rest <= END_MARGIN && self.is_last_stretch();
        let slice = self
            .heights
            .between((top - margin).max(0.0), top + height + margin);
        let seen = first..if at_end { slice.end } else { last };
        Sight {
            slice,
            seen,
            at_end,
        }
    }
}

/// Where the stretch is to begin that holds a place among so much: where it begins now, unless the place is too near to an end
/// of it beyond which there is more.
fn origin(now: f64, place: f64, total: f64) -> f64 {
    let last = (total - STRETCH).max(0.0);
    let now = now.min(last);
    let is_far_down = now == 0.0 || place >= now + STRETCH_MARGIN;
    let is_far_up = now == last || place <= now + STRETCH - STRETCH_MARGIN;
    match is_far_down && is_far_up {
        true => now,
        false => (place - STRETCH / 2.0).clamp(0.0, last),
    }
}

/// By the object model: a strict policy allows no style attributes.
fn set_height(element: &NodeRef, height: f64) {
    if let Some(element) = element
        .get()
        .and_then(|node| node.dyn_into::<HtmlElement>().ok())
    {
        // Fails for no known property.
        let _ = element
            .style()
            .set_property("height", &format!("{:.1}px", height.max(0.0)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_that_fits_is_one_stretch() {
        for place in [0.0, 50.0, STRETCH] {
            assert_eq!(origin(0.0, place, STRETCH), 0.0);
        }
    }

    #[test]
    fn the_stretch_moves_along_with_the_reader() {
        let total = 5.0 * STRETCH;
        let last = origin(0.0, total, total);
        assert_eq!(last, total - STRETCH);
        // It stays while the reader is well within it, and at the ends of the room.
        assert_eq!(origin(last, total - STRETCH / 2.0, total), last);
        assert_eq!(origin(0.0, 0.0, total), 0.0);
        let near_its_begin = last + STRETCH_MARGIN / 2.0;
        let moved = origin(last, near_its_begin, total);
        assert_eq!(moved, near_its_begin - STRETCH / 2.0);
        assert_eq!(origin(moved, near_its_begin, total), moved);
        // The room has grown shorter.
        assert_eq!(origin(last, 0.0, STRETCH), 0.0);
    }
}
