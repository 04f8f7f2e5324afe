//! Stable memory: copy-on-write pages, so that a snapshot is one reference and a message's writes are dropped with it.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use super::PAGE;

/// The size of a WebAssembly page, the unit in which stable memory grows.
pub const WASM_PAGE: u64 = 65_536;

const PAGES_PER_CHUNK: u64 = 512;

type Page = [u8; PAGE];
type Chunk = Vec<Option<Arc<Page>>>;

/// A canister's committed stable memory. Pages never written to take no space; clones share everything.
#[derive(Clone, Debug, Default)]
pub struct StableMemory {
    chunks: Arc<Vec<Option<Arc<Chunk>>>>,
    written_pages: u64,
    wasm_pages: u64,
}

impl StableMemory {
    /// The size in WebAssembly pages.
    pub fn wasm_pages(&self) -> u64 {
        self.wasm_pages
    }

    /// Bytes of the pages ever written to.
    pub fn bytes(&self) -> u64 {
        self.written_pages * PAGE as u64
    }

    /// Numbers and contents of pages that may differ from those of `before`. `None` is a page never written to.
    ///
    /// Costs little for what is shared: commits keep what they did not write.
    pub fn changes_since<'a>(
        &'a self,
        before: &'a Self,
    ) -> impl Iterator<Item = (u64, Option<&'a Page>)> {
        let chunks = self.chunks.len().max(before.chunks.len());
        let differing = (0..chunks).filter_map(|n| {
            let (now, then) = (self.chunk(n), before.chunk(n));
            (!is_same(now, then)).then_some((n, now, then))
        });
        differing.flat_map(|(n, now, then)| {
            let page = |chunk: Option<&'a Arc<Chunk>>, slot: usize| chunk?.get(slot)?.as_ref();
            (0..PAGES_PER_CHUNK).filter_map(move |slot| {
                let (now, then) = (page(now, slot as usize), page(then, slot as usize));
                let number = n as u64 * PAGES_PER_CHUNK + slot;
                (!is_same(now, then)).then_some((number, now.map(|page| &**page)))
            })
        })
    }

    fn chunk(&self, n: usize) -> Option<&Arc<Chunk>> {
        self.chunks.get(n)?.as_ref()
    }

    /// Puts back a page, as [`Self::changes_since`] gave it.
    pub fn set_page(&mut self, number: u64, page: Page) {
        let chunks = Arc::make_mut(&mut self.chunks);
        let (chunk, slot) = position(number);
        if chunks.len() <= chunk {
            chunks.resize(chunk + 1, None);
        }
        let chunk =
            chunks[chunk].get_or_insert_with(|| Arc::new(vec![None; PAGES_PER_CHUNK as usize]));
        let before = Arc::make_mut(chunk)[slot].replace(Arc::new(page));
        self.written_pages += u64::from(before.is_none());
    }

    /// Sets the size in WebAssembly pages.
    pub fn resize(&mut self, wasm_pages: u64) {
        self.wasm_pages = wasm_pages;
    }

    fn page(&self, number: u64) -> Option<&Page> {
        let (chunk, slot) = position(number);
        self.chunks.get(chunk)?.as_ref()?.get(slot)?.as_deref()
    }
}

fn is_same<T>(one: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
    }
}

fn position(page: u64) -> (usize, usize) {
    (
        (page / PAGES_PER_CHUNK) as usize,
        (page % PAGES_PER_CHUNK) as usize,
    )
}

/// Upper bounds on stable memory while one message is executed.
#[derive(Clone, Copy, Debug)]
pub struct StableLimits {
    /// The size in WebAssembly pages.
    pub wasm_pages: u64,
    /// Bytes of pages that the message writes to.
    pub written_bytes: u64,
    /// Bytes of pages that were never written to before, and take space from now on.
    pub new_bytes: u64,
}

/// An access to stable memory that is not possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StableError {
    /// Beyond its end.
    #[error("Canister trapped: stable memory out of bounds")]
    OutOfBounds,
    /// The message has written to too many pages.
    #[error(
        "Canister exceeded memory access limits: Exceeded the limit for the number of modified pages in the stable \
         memory in a single message execution: limit: {limit_kib} KB."
    )]
    TooManyWritten {
        /// The limit in KiB.
        limit_kib: u64,
    },
    /// The stable memories of all canisters take all the space there is for them.
    #[error(
        "Canister cannot grow its memory usage: the network has no more space for stable memory"
    )]
    NoRoom,
}

/// Stable memory as one message sees it: the committed one beneath what the message wrote.
#[derive(Debug)]
pub struct StableOverlay {
    base: StableMemory,
    written: HashMap<u64, Box<Page>>,
    new_pages: u64,
    wasm_pages: u64,
    limits: StableLimits,
}

impl StableOverlay {
    /// A view on `base` that can grow as far as `limits` allows.
    pub fn new(base: StableMemory, limits: StableLimits) -> Self {
        Self {
            wasm_pages: base.wasm_pages,
            base,
            written: HashMap::new(),
            new_pages: 0,
            limits,
        }
    }

    /// The size in WebAssembly pages.
    pub fn wasm_pages(&self) -> u64 {
        self.wasm_pages
    }

    /// Grows by `wasm_pages`; gives the size before, or `None` if the limit is in the way.
    pub fn grow(&mut self, wasm_pages: u64) -> Option<u64> {
        let grown = self
            .wasm_pages
            .checked_add(wasm_pages)
            .filter(|&size| size <= self.limits.wasm_pages)?;
        Some(std::mem::replace(&mut self.wasm_pages, grown))
    }

    /// Copies `bytes.len()` bytes from `offset` on.
    pub fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<(), StableError> {
        self.check(offset, bytes.len())?;
        let mut rest = bytes;
        let mut at = offset;
        while !rest.is_empty() {
            let (page, start, len) = span(at, rest.len());
            let (piece, after) = rest.split_at_mut(len);
            match self
                .written
                .get(&page)
                .map(|page| &**page)
                .or_else(|| self.base.page(page))
            {
                Some(page) => piece.copy_from_slice(&page[start..start + len]),
                None => piece.fill(0),
            }
            rest = after;
            at += len as u64;
        }
        Ok(())
    }

    /// Writes `bytes` at `offset`.
    pub fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), StableError> {
        self.check(offset, bytes.len())?;
        let mut rest = bytes;
        let mut at = offset;
        while !rest.is_empty() {
            let (number, start, len) = span(at, rest.len());
            let (piece, after) = rest.split_at(len);
            let page = self.page_mut(number)?;
            page[start..start + len].copy_from_slice(piece);
            rest = after;
            at += len as u64;
        }
        Ok(())
    }

    fn page_mut(&mut self, number: u64) -> Result<&mut Page, StableError> {
        let written = (self.written.len() as u64 + 1) * PAGE as u64;
        let vacant = match self.written.entry(number) {
            Entry::Occupied(page) => return Ok(page.into_mut()),
            Entry::Vacant(vacant) => vacant,
        };
        if written > self.limits.written_bytes {
            let limit_kib = self.limits.written_bytes >> 10;
            return Err(StableError::TooManyWritten { limit_kib });
        }
        let base = self.base.page(number);
        if base.is_none() {
            self.new_pages += 1;
            if self.new_pages * PAGE as u64 > self.limits.new_bytes {
                return Err(StableError::NoRoom);
            }
        }
        Ok(vacant.insert(Box::new(base.copied().unwrap_or([0; PAGE]))))
    }

    /// Stable memory with the message's writes in it.
    pub fn commit(self) -> StableMemory {
        let mut stable = self.base;
        for (number, page) in self.written {
            stable.set_page(number, *page);
        }
        stable.resize(self.wasm_pages);
        stable
    }

    fn check(&self, offset: u64, len: usize) -> Result<(), StableError> {
        let end = offset
            .checked_add(len as u64)
            .ok_or(StableError::OutOfBounds)?;
        if end <= self.wasm_pages * WASM_PAGE {
            Ok(())
        } else {
            Err(StableError::OutOfBounds)
        }
    }
}

/// The page that holds the byte at `offset`, where in it the byte is, and how many of `len` bytes lie within.
fn span(offset: u64, len: usize) -> (u64, usize, usize) {
    let start = (offset % PAGE as u64) as usize;
    (offset / PAGE as u64, start, len.min(PAGE - start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlay(base: &StableMemory) -> StableOverlay {
        let limits = StableLimits {
            wasm_pages: 4,
            written_bytes: 4 * PAGE as u64,
            new_bytes: 4 * PAGE as u64,
        };
        StableOverlay::new(base.clone(), limits)
    }

    #[test]
    fn writes_across_pages_are_read_back_and_committed() {
        let mut stable = overlay(&StableMemory::default());
        assert_eq!(stable.grow(1), Some(0));
        let bytes: Vec<u8> = (0..=255).cycle().take(3 * PAGE).collect();
        stable.write(100, &bytes).unwrap();
        let committed = stable.commit();
        let mut back = vec![0; bytes.len() + 200];
        overlay(&committed).read(0, &mut back).unwrap();
        assert_eq!(&back[100..100 + bytes.len()], bytes);
        assert!(back[..100].iter().all(|&b| b == 0));
    }

    #[test]
    fn a_dropped_overlay_leaves_the_base_alone() {
        let mut first = overlay(&StableMemory::default());
        first.grow(1);
        first.write(0, b"before").unwrap();
        let base = first.commit();
        let mut second = overlay(&base);
        second.grow(1);
        second.write(0, b"after!").unwrap();
        drop(second);
        let mut seen = [0; 6];
        overlay(&base).read(0, &mut seen).unwrap();
        assert_eq!((&seen, base.wasm_pages()), (b"before", 1));
    }

    #[test]
    fn bounds_and_growth_limit_hold() {
        let mut stable = overlay(&StableMemory::default());
        assert_eq!(stable.grow(5), None);
        assert_eq!(stable.grow(4), Some(0));
        assert_eq!(
            stable.write(4 * WASM_PAGE - 1, b"xy"),
            Err(StableError::OutOfBounds)
        );
        assert_eq!(
            stable.read(u64::MAX, &mut [0]),
            Err(StableError::OutOfBounds)
        );
        assert_eq!(stable.write(4 * WASM_PAGE - 1, b"x"), Ok(()));
    }

    #[test]
    fn pages_written_and_pages_that_are_new_are_bounded() {
        let mut first = overlay(&StableMemory::default());
        first.grow(4);
        first.write(0, &[1; 4 * PAGE]).unwrap();
        first.write(0, &[2; 4 * PAGE]).unwrap();
        let one_more = first.write(4 * PAGE as u64, &[1]);
        assert_eq!(one_more, Err(StableError::TooManyWritten { limit_kib: 16 }));
        let base = first.commit();
        let limits = StableLimits {
            wasm_pages: 4,
            written_bytes: u64::MAX,
            new_bytes: PAGE as u64,
        };
        let mut second = StableOverlay::new(base, limits);
        second.write(0, &[3; 5 * PAGE]).unwrap();
        let one_more = second.write(5 * PAGE as u64, &[1]);
        assert_eq!(one_more, Err(StableError::NoRoom));
    }

    #[test]
    fn changes_turn_an_earlier_memory_into_this_one() {
        let apply = |copy: &mut StableMemory, stable: &StableMemory, before: &StableMemory| {
            copy.resize(stable.wasm_pages());
            let changes: Vec<_> = stable.changes_since(before).collect();
            for (number, page) in &changes {
                copy.set_page(*number, page.copied().unwrap_or([0; PAGE]));
            }
            changes.len()
        };
        let limits = StableLimits {
            wasm_pages: 100,
            written_bytes: u64::MAX,
            new_bytes: u64::MAX,
        };
        let mut first = StableOverlay::new(StableMemory::default(), limits);
        first.grow(100);
        first.write(WASM_PAGE + 5, b"page").unwrap();
        first.write(99 * WASM_PAGE, b"far").unwrap();
        let first = first.commit();
        let mut second = StableOverlay::new(first.clone(), limits);
        second.write(99 * WASM_PAGE, b"new").unwrap();
        let second = second.commit();

        let mut copy = StableMemory::default();
        assert_eq!(apply(&mut copy, &first, &StableMemory::default()), 2);
        assert_eq!(apply(&mut copy, &second, &first), 1);
        let (mut near, mut far) = ([0; 4], [0; 3]);
        overlay(&copy).read(WASM_PAGE + 5, &mut near).unwrap();
        overlay(&copy).read(99 * WASM_PAGE, &mut far).unwrap();
        assert_eq!((&near, &far), (b"page", b"new"));

        let empty = StableMemory::default();
        let mut gone = empty.changes_since(&second);
        assert_eq!(
            gone.next().map(|(number, page)| (number, page.is_none())),
            Some((16, true))
        );
        assert_eq!(second.changes_since(&second).count(), 0);
    }
}
