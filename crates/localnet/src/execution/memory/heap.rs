//! The heap between messages.
//!
//! There are two images: the current one, and a spare that lags behind by the pages in `stale`. Queries map the image
//! that was current when the state was last published, so what they see fits the certificate of that state. The first
//! commit after a publication brings the spare up to date and goes on there; queries keep reading the other one in
//! peace. A query that is still reading the spare by then keeps it for itself, and a fresh copy takes its place: no
//! commit waits for a query.

use std::{collections::BTreeSet, io, ops::Range, sync::Arc};

use super::{PAGE, image::Image};

/// The committed heap of a canister.
#[derive(Debug)]
pub struct Heap {
    current: Arc<Image>,
    bytes: usize,
    published: bool,
    spare: Option<Arc<Image>>,
    /// Pages in which the spare differs from the current image.
    stale: BTreeSet<usize>,
}

/// A heap that stays as it is for as long as the view lives.
#[derive(Clone, Debug)]
pub struct HeapView {
    image: Arc<Image>,
    bytes: usize,
}

impl HeapView {
    /// The size of the heap in bytes, a multiple of the Wasm page.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn image(&self) -> &Image {
        &self.image
    }
}

impl From<HeapView> for Heap {
    /// A heap that begins as the view, which does not see what becomes of it.
    fn from(view: HeapView) -> Self {
        Self {
            current: view.image,
            bytes: view.bytes,
            published: true,
            spare: None,
            stale: BTreeSet::new(),
        }
    }
}

/// How a heap differs from an earlier one.
#[derive(Clone, Copy, Debug)]
pub enum HeapChanges<'a> {
    /// Only these pages may differ.
    Pages(&'a BTreeSet<usize>),
    /// They have nothing to do with each other.
    Everything,
}

impl Heap {
    /// An empty heap.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            current: Arc::new(Image::new()?),
            bytes: 0,
            published: false,
            spare: None,
            stale: BTreeSet::new(),
        })
    }

    /// The newest committed heap, for the next message.
    pub fn view(&self) -> HeapView {
        HeapView {
            image: Arc::clone(&self.current),
            bytes: self.bytes,
        }
    }

    /// The newest committed heap, for queries to read while later messages are committed.
    pub fn publish(&mut self) -> HeapView {
        self.published = true;
        self.view()
    }

    /// Makes `linear` the committed heap, given the ranges in which it differs from the one before.
    pub fn commit(&mut self, linear: &[u8], changed: &[Range<usize>]) -> io::Result<()> {
        if changed.is_empty() && linear.len() == self.bytes {
            return Ok(());
        }
        if self.published {
            self.move_to_spare()?;
        }
        self.current.resize(linear.len() as u64)?;
        for range in changed {
            self.current.write(
                range.start as u64,
                linear.get(range.clone()).unwrap_or_default(),
            )?;
            self.stale
                .extend(range.clone().step_by(PAGE).map(|byte| byte / PAGE));
        }
        self.bytes = linear.len();
        Ok(())
    }

    /// A heap of that size, all zeros, to be filled by [`Self::set_page`].
    pub fn zeroed(bytes: usize) -> io::Result<Self> {
        let heap = Self::new()?;
        heap.current.resize(bytes as u64)?;
        Ok(Self { bytes, ..heap })
    }

    /// Puts back a page, as [`Self::page`] gave it; only before the heap is used.
    pub fn set_page(&mut self, number: usize, page: &[u8]) -> io::Result<()> {
        self.current.write((number * PAGE) as u64, page)
    }

    /// The size in bytes, a multiple of the Wasm page.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// A page of the newest committed heap.
    pub fn page(&self, number: usize) -> io::Result<[u8; PAGE]> {
        let mut page = [0; PAGE];
        self.current.read((number * PAGE) as u64, &mut page)?;
        Ok(page)
    }

    /// How the newest committed heap differs from what was published last.
    pub fn changes_since(&self, published: &HeapView) -> HeapChanges<'_> {
        static NONE: BTreeSet<usize> = BTreeSet::new();
        let is_published = |image: &Arc<Image>| Arc::ptr_eq(image, &published.image);
        if is_published(&self.current) {
            HeapChanges::Pages(&NONE)
        } else if self.spare.as_ref().is_some_and(is_published) {
            HeapChanges::Pages(&self.stale)
        } else {
            HeapChanges::Everything
        }
    }

    fn move_to_spare(&mut self) -> io::Result<()> {
        let unread = |spare: &mut Arc<Image>| Arc::get_mut(spare).is_some();
        let next = match self.spare.take_if(unread) {
            Some(spare) => self.catch_up(spare)?,
            None => self.copy_current()?,
        };
        self.stale.clear();
        self.spare = Some(std::mem::replace(&mut self.current, next));
        self.published = false;
        Ok(())
    }

    fn catch_up(&self, spare: Arc<Image>) -> io::Result<Arc<Image>> {
        spare.resize(self.bytes as u64)?;
        let mut page = [0; PAGE];
        for n in &self.stale {
            let offset = (n * PAGE) as u64;
            self.current.read(offset, &mut page)?;
            spare.write(offset, &page)?;
        }
        Ok(spare)
    }

    fn copy_current(&self) -> io::Result<Arc<Image>> {
        let image = Image::new()?;
        image.resize(self.bytes as u64)?;
        copy(
            self.bytes,
            |offset, piece| self.current.read(offset, piece),
            |offset, piece| image.write(offset, piece),
        )?;
        Ok(Arc::new(image))
    }
}

/// Copies what is not zero, piece by piece.
fn copy(
    bytes: usize,
    read: impl Fn(u64, &mut [u8]) -> io::Result<()>,
    write: impl Fn(u64, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    const PIECE: usize = 1 << 16;
    let mut piece = vec![0; PIECE];
    for offset in (0..bytes).step_by(PIECE) {
        let piece = &mut piece[..PIECE.min(bytes - offset)];
        read(offset as u64, piece)?;
        if piece != &[0; PIECE][..piece.len()] {
            write(offset as u64, piece)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(range: Range<usize>) -> Vec<Range<usize>> {
        vec![range]
    }

    fn content(view: &HeapView) -> Vec<u8> {
        let mut bytes = vec![0; view.bytes()];
        view.image().read(0, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_published_view_does_not_see_later_commits() {
        let mut heap = Heap::new().unwrap();
        let mut linear = vec![0; 4 * PAGE];
        linear[0] = 1;
        heap.commit(&linear, &changed(0..PAGE)).unwrap();
        let first = heap.publish();
        linear[PAGE] = 2;
        heap.commit(&linear, &changed(PAGE..2 * PAGE)).unwrap();
        let second = heap.publish();
        assert_eq!((content(&first)[0], content(&first)[PAGE]), (1, 0));
        assert_eq!((content(&second)[0], content(&second)[PAGE]), (1, 2));
        drop(first);
        linear[2 * PAGE] = 3;
        heap.commit(&linear, &changed(2 * PAGE..3 * PAGE)).unwrap();
        assert_eq!(content(&heap.view()), linear);
        assert_eq!(content(&second)[2 * PAGE], 0);
    }

    #[test]
    fn changes_are_told_since_the_last_publication() {
        let pages = |changes: HeapChanges<'_>| match changes {
            HeapChanges::Pages(pages) => Some(pages.iter().copied().collect::<Vec<_>>()),
            HeapChanges::Everything => None,
        };
        let mut heap = Heap::new().unwrap();
        let linear = vec![1; 4 * PAGE];
        heap.commit(&linear, &changed(0..4 * PAGE)).unwrap();
        let mut published = heap.publish();
        assert_eq!(pages(heap.changes_since(&published)), Some(vec![]));
        for _ in 0..2 {
            heap.commit(&linear, &changed(PAGE..2 * PAGE)).unwrap();
            heap.commit(&linear, &changed(3 * PAGE..4 * PAGE)).unwrap();
            assert_eq!(pages(heap.changes_since(&published)), Some(vec![1, 3]));
            published = heap.publish();
            assert_eq!(pages(heap.changes_since(&published)), Some(vec![]));
        }
        let other = Heap::new().unwrap();
        assert_eq!(pages(other.changes_since(&published)), None);
    }

    #[test]
    fn a_view_outlives_the_heap_that_begins_with_it() {
        let mut heap = Heap::new().unwrap();
        let mut linear = vec![1; PAGE];
        heap.commit(&linear, &changed(0..PAGE)).unwrap();
        let view = heap.publish();
        for heap in [&mut heap, &mut Heap::from(view.clone())] {
            for _ in 0..3 {
                linear[0] += 1;
                heap.commit(&linear, &changed(0..PAGE)).unwrap();
                assert_eq!(content(&heap.publish()), linear);
                assert_eq!(content(&view), [1; PAGE]);
            }
        }
    }

    #[test]
    fn readers_keep_their_image_and_no_commit_waits_for_them() {
        let mut heap = Heap::new().unwrap();
        let mut linear = vec![0; PAGE];
        let mut views = Vec::new();
        for n in 1..=4 {
            linear[0] = n;
            heap.commit(&linear, &changed(0..PAGE)).unwrap();
            views.push(heap.publish());
        }
        let seen: Vec<u8> = views.iter().map(|view| content(view)[0]).collect();
        assert_eq!(seen, [1, 2, 3, 4]);
        views.clear();
        for n in 5..=6 {
            linear[0] = n;
            heap.commit(&linear, &changed(0..PAGE)).unwrap();
            assert_eq!(content(&heap.publish()), linear);
        }
    }
}
