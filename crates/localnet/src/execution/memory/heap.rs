//! The heap between messages.
//!
//! There are two images: the current one, and a spare that lags behind by the pages in `stale`. Queries map the image
//! that was current when the state was last published, so what they see fits the certificate of that state. The first
//! commit after a publication brings the spare up to date and goes on there; queries keep reading the other one in
//! peace. A query that is still reading the spare by then keeps it for itself, and a fresh copy takes its place: no
//! commit waits for a query.

use std::{collections::BTreeSet, fs::File, io, ops::Range, os::unix::fs::FileExt as _, sync::Arc};

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

    /// Writes the heap to a file; stretches of zeros become holes.
    pub fn save(&self, file: &File) -> io::Result<()> {
        file.set_len(self.bytes as u64)?;
        copy(
            self.bytes,
            |offset, piece| self.current.read(offset, piece),
            |offset, piece| file.write_all_at(piece, offset),
        )
    }

    /// Reads a heap from a file that [`Self::save`] wrote.
    pub fn load(file: &File) -> io::Result<Self> {
        let mut heap = Self::new()?;
        heap.bytes = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        heap.current.resize(heap.bytes as u64)?;
        copy(
            heap.bytes,
            |offset, piece| file.read_exact_at(piece, offset),
            |offset, piece| heap.current.write(offset, piece),
        )?;
        Ok(heap)
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
