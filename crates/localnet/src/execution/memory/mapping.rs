//! The only unsafe code of the execution layer: mapping a heap image into a Wasm instance.

use std::{fs::File, io, ops::Range, os::unix::fs::FileExt as _, sync::OnceLock};

use rustix::mm::{MapFlags, ProtFlags, mmap};
use wasmtime::{AsContextMut, Memory};

use super::{HeapView, PAGE};

/// Maps the heap copy-on-write over the beginning of `memory`, which must be at least as large.
///
/// Costs the same whatever the size of the heap: pages are read when the canister touches them.
pub fn map_private(
    memory: Memory,
    mut store: impl AsContextMut,
    heap: &HeapView,
) -> io::Result<()> {
    let len = heap.bytes();
    let linear = memory.data_mut(&mut store);
    if len == 0 {
        return Ok(());
    }
    if linear.len() < len {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the heap is larger than the memory it is mapped into",
        ));
    }
    // SAFETY: the range lies within the accessible part of one linear memory, which starts on a page
    // boundary and whose length is a multiple of the page size. The on-demand allocator reserved the
    // surrounding region by one `mmap` and releases it by one `munmap`, so replacing pages within it
    // is invisible to it. No reference into the memory outlives this function. While `heap` exists,
    // the file is not written to, but by the commit of this very instance, which writes only pages
    // that the instance owns privately by then: nobody sees bytes change underneath.
    unsafe {
        mmap(
            linear.as_mut_ptr().cast(),
            len,
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::PRIVATE | MapFlags::FIXED,
            heap.image().as_fd(),
            0,
        )?;
    }
    Ok(())
}

/// The page-aligned byte ranges of `linear` that differ, or may differ, from the heap that was mapped into it.
pub fn changed_pages(linear: &[u8], heap: Option<&HeapView>) -> io::Result<Vec<Range<usize>>> {
    let pages = match (heap, pagemap()) {
        (Some(_), Some(pagemap)) => privately_owned_pages(linear, pagemap)?,
        (Some(heap), None) => pages_unlike_image(linear, heap)?,
        (None, _) => nonzero_pages(linear),
    };
    Ok(ranges(&pages))
}

/// The kernel's account of this process' pages, where there is one and its pages are ours.
fn pagemap() -> Option<&'static File> {
    static PAGEMAP: OnceLock<Option<File>> = OnceLock::new();
    PAGEMAP
        .get_or_init(|| {
            let same_pages = rustix::param::page_size() == PAGE;
            same_pages.then(|| File::open("/proc/self/pagemap").ok())?
        })
        .as_ref()
}

/// Pages that exist and do not belong to a file: those the instance wrote to.
fn privately_owned_pages(linear: &[u8], pagemap: &File) -> io::Result<Vec<usize>> {
    const ENTRY: usize = size_of::<u64>();
    const BLOCK: usize = 512;
    const PRESENT: u64 = 1 << 63;
    const SWAPPED: u64 = 1 << 62;
    const OF_FILE: u64 = 1 << 61;
    let mut entries = vec![0; linear.len() / PAGE * ENTRY];
    let first = linear.as_ptr() as usize / PAGE * ENTRY;
    pagemap.read_exact_at(&mut entries, first as u64)?;
    let mut pages = Vec::new();
    for (n, block) in entries.chunks(BLOCK * ENTRY).enumerate() {
        // A message touches few pages of a large heap, so most of the account is empty.
        if block == &[0; BLOCK * ENTRY][..block.len()] {
            continue;
        }
        for (page, entry) in (n * BLOCK..).zip(block.as_chunks::<ENTRY>().0) {
            let entry = u64::from_ne_bytes(*entry);
            if entry & (PRESENT | SWAPPED) != 0 && entry & OF_FILE == 0 {
                pages.push(page);
            }
        }
    }
    Ok(pages)
}

/// The same without the kernel's help.
fn pages_unlike_image(linear: &[u8], heap: &HeapView) -> io::Result<Vec<usize>> {
    let mut pages = Vec::new();
    let mut before = [0; PAGE];
    for (n, page) in linear.chunks(PAGE).enumerate() {
        if n * PAGE < heap.bytes() {
            heap.image().read((n * PAGE) as u64, &mut before)?;
        } else {
            before.fill(0);
        }
        if page != before {
            pages.push(n);
        }
    }
    Ok(pages)
}

fn nonzero_pages(linear: &[u8]) -> Vec<usize> {
    let pages = linear.chunks(PAGE).enumerate();
    pages
        .filter(|(_, page)| *page != [0; PAGE])
        .map(|(n, _)| n)
        .collect()
}

/// Byte ranges of runs of pages.
fn ranges(pages: &[usize]) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for page in pages {
        let start = page * PAGE;
        match ranges.last_mut() {
            Some(last) if last.end == start => last.end += PAGE,
            _ => ranges.push(start..start + PAGE),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::{super::Heap, *};

    #[test]
    fn runs_of_pages_become_ranges() {
        assert_eq!(ranges(&[1, 2, 4]), [PAGE..3 * PAGE, 4 * PAGE..5 * PAGE]);
    }

    #[test]
    fn pages_of_zeros_are_not_there() {
        let mut linear = vec![0; 3 * PAGE];
        linear[2 * PAGE + 7] = 1;
        assert_eq!(nonzero_pages(&linear), [2]);
    }

    #[test]
    fn comparing_finds_what_the_kernel_finds() {
        let mut heap = Heap::new().unwrap();
        heap.commit(&vec![1; 2 * PAGE], &ranges(&[0, 1])).unwrap();
        let mut linear = vec![1; 3 * PAGE];
        linear[PAGE] = 2;
        linear[2 * PAGE..].fill(0);
        assert_eq!(pages_unlike_image(&linear, &heap.view()).unwrap(), [1]);
        linear[2 * PAGE] = 1;
        assert_eq!(pages_unlike_image(&linear, &heap.view()).unwrap(), [1, 2]);
    }
}
