//! The only unsafe code of the execution layer: mapping a heap image into a Wasm instance.

use std::{fs::File, io, ops::Range, os::unix::fs::FileExt as _, sync::OnceLock};

use rustix::mm::{MapFlags, ProtFlags, mmap};
use wasmtime::{AsContextMut, Memory};

use super::{HeapView, PAGE};

/// Maps the heap copy-on-write over the beginning of `memory`, which must be at least as large.
///
/// Costs the same whatever the size of the heap: pages are read when the canister touches them.
pub fn map_private(memory: Memory, mut store: impl AsContextMut, heap: &HeapView) -> io::Result<()> {
    let len = heap.bytes();
    let linear = memory.data_mut(&mut store);
    if len == 0 {
        return Ok(());
    }
    if linear.len() < len {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the heap is larger than the memory it is mapped into"));
    }
    // SAFETY: the range lies within the accessible part of one linear memory, which starts on a page boundary and whose
    // length is a multiple of the page size. The on-demand allocator reserved the surrounding region by one `mmap` and
    // releases it by one `munmap`, so replacing pages within it is invisible to it. No reference into the memory outlives
    // this function, and the file is not written to while `heap` exists, so nobody sees the bytes change underneath.
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
    match (heap, pagemap()) {
        (Some(_), Some(pagemap)) => privately_owned_pages(linear, pagemap),
        (Some(heap), None) => pages_unlike_image(linear, heap),
        (None, _) => Ok(ranges(linear.chunks(PAGE).map(|page| page != [0; PAGE]))),
    }
}

/// The kernel's account of this process' pages, where there is one.
fn pagemap() -> Option<&'static File> {
    static PAGEMAP: OnceLock<Option<File>> = OnceLock::new();
    PAGEMAP.get_or_init(|| File::open("/proc/self/pagemap").ok()).as_ref()
}

/// Pages that exist and do not belong to a file: those the instance wrote to.
fn privately_owned_pages(linear: &[u8], pagemap: &File) -> io::Result<Vec<Range<usize>>> {
    const ENTRY: usize = size_of::<u64>();
    const PRESENT: u64 = 1 << 63;
    const SWAPPED: u64 = 1 << 62;
    const OF_FILE: u64 = 1 << 61;
    let mut entries = vec![0; linear.len() / PAGE * ENTRY];
    let first = linear.as_ptr() as usize / PAGE * ENTRY;
    pagemap.read_exact_at(&mut entries, first as u64)?;
    Ok(ranges(entries.as_chunks::<ENTRY>().0.iter().map(|entry| {
        let entry = u64::from_ne_bytes(*entry);
        entry & (PRESENT | SWAPPED) != 0 && entry & OF_FILE == 0
    })))
}

fn pages_unlike_image(linear: &[u8], heap: &HeapView) -> io::Result<Vec<Range<usize>>> {
    let mut changed = Vec::with_capacity(linear.len() / PAGE);
    let mut before = [0; PAGE];
    for (n, page) in linear.chunks(PAGE).enumerate() {
        if n * PAGE < heap.bytes() {
            heap.image().read((n * PAGE) as u64, &mut before)?;
        } else {
            before.fill(0);
        }
        changed.push(page != before);
    }
    Ok(ranges(changed.into_iter()))
}

/// Byte ranges of the runs of pages that are marked.
fn ranges(marked: impl Iterator<Item = bool>) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (n, _) in marked.enumerate().filter(|(_, marked)| *marked) {
        let start = n * PAGE;
        match ranges.last_mut() {
            Some(last) if last.end == start => last.end += PAGE,
            _ => ranges.push(start..start + PAGE),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_marked_pages_become_ranges() {
        let marked = [false, true, true, false, true];
        assert_eq!(ranges(marked.into_iter()), [PAGE..3 * PAGE, 4 * PAGE..5 * PAGE]);
    }

    #[test]
    fn a_page_of_zeros_in_a_fresh_memory_is_unchanged() {
        let mut linear = vec![0; 3 * PAGE];
        linear[2 * PAGE + 7] = 1;
        assert_eq!(changed_pages(&linear, None).unwrap(), [2 * PAGE..3 * PAGE]);
    }
}
