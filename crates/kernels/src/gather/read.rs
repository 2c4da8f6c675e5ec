//! What a walk selects, copied to a new tensor.

use std::mem::MaybeUninit;

use corepy_core::{Result, Tensor, scheduler};

use super::walk::{CHUNK_BYTES, Direction, MOVE_NS, OFFSET_NS, Walk, offset};
use crate::exec::{STREAM_TURN, stream_bytes, stream_fence};
use crate::ffi;

/// Positions from which a line of them is worth a call of its kernel.
const LINE_CALL: usize = 16;

/// Bytes of a cache line.
const LINE: usize = 64;

/// Bytes of the longest runs that are streamed: those that one move copies.
const STREAM_RUN: usize = 16;

impl Walk<'_> {
    /// Copies what is selected to a new tensor of `shape`.
    pub fn read(&self, shape: &[usize]) -> Result<Tensor> {
        let out = Tensor::empty(self.op, shape, self.view.dtype())?;
        if out.size() == 0 {
            // The indices are checked nevertheless.
            self.all_offsets()?;
            return Ok(out);
        }
        let (bytes, contiguous) = self.run_bytes();
        let traffic = out.size() / self.run() * size_of::<i64>() + 2 * out.size() * self.view.dtype().itemsize();
        let streams = contiguous && bytes <= STREAM_RUN && traffic >= stream_bytes();
        if let Some(kernel) = self.gather_at() {
            self.read_at(kernel, streams && out.data().addr().is_multiple_of(LINE), &out)?;
            return Ok(out);
        }
        // With several outer steps the offsets serve all of them.
        let all = if self.steps() > 1 { Some(self.all_offsets()?) } else { None };
        self.each_run(all.as_ref(), false, &|base, offsets, n, place| {
            let target = out.data().wrapping_add(place * bytes);
            if streams && target.addr().is_multiple_of(LINE) {
                // SAFETY: as below; the address is that of a cache line.
                unsafe { gather_streaming(bytes, base, offsets, n, target) };
                return;
            }
            if contiguous {
                // SAFETY: offsets are checked; places of the result are written once each.
                unsafe { ffi::gather(bytes)(base, offsets, n, target, bytes) };
                return;
            }
            for k in 0..n {
                // SAFETY: as above.
                unsafe {
                    let source = base.offset(*offsets.add(k) as isize);
                    self.copy_inner(source, target.add(k * bytes), Direction::Out);
                }
            }
        })?;
        Ok(out)
    }

    /// The kernel that checks indices and gathers in one, where it serves: for one tensor of indices and short runs.
    fn gather_at(&self) -> Option<ffi::GatherAtKernel> {
        let (bytes, contiguous) = self.run_bytes();
        match &self.integers[..] {
            [index]
                if contiguous
                    && index.size > 0
                    && self.lines.as_ref().is_none_or(|(_, line)| *line >= LINE_CALL)
                    && self.steps() == 1 =>
            {
                ffi::gather_at(index.tensor.dtype(), bytes)
            }
            _ => None,
        }
    }

    /// As [`Walk::read`], with such a kernel; past the caches if `streams`, a turn at a time (1e6 float64 in random order,
    /// one core: 1.20 ms; with ordinary stores 1.37 ms).
    fn read_at(&self, kernel: ffi::GatherAtKernel, streams: bool, out: &Tensor) -> Result<()> {
        #[repr(align(64))]
        struct Turn([MaybeUninit<u8>; STREAM_TURN * STREAM_RUN]);
        let (bytes, _) = self.run_bytes();
        let index = &self.integers[0];
        let (size, stride) = (index.size as i64, index.stride as i64);
        let line = self.lines.as_ref().map_or(self.positions, |(_, line)| *line);
        let start = |place: usize| match &self.lines {
            Some((plan, line)) => self.view.data().wrapping_offset(offset(plan, place / line)),
            None => self.view.data(),
        };
        let gather = |first: usize, n: usize, target: *mut u8| {
            let mut done = 0;
            while done < n {
                let place = first + done;
                let count = (n - done).min(line - place % line);
                let indices = index.tensor.data().wrapping_add(place * index.tensor.dtype().itemsize());
                // SAFETY: the calls below name places of the indices for which `target` has room, and the kernel reads at
                // indices within bounds only.
                let checked =
                    unsafe { kernel(indices, count, size, stride, start(place), target.wrapping_add(done * bytes)) };
                if checked < count {
                    return Err(self.out_of_range(index, place + checked));
                }
                done += count;
            }
            Ok(())
        };
        let per_chunk = CHUNK_BYTES / bytes;
        let chunks = self.positions.div_ceil(per_chunk);
        let work = self.positions as f32 * (OFFSET_NS + MOVE_NS);
        let parallel = chunks > 1 && scheduler::worth_parallel(work as u64);
        scheduler::for_each_chunk(self.op, chunks, parallel, &|chunk| {
            let (first, end) = (chunk * per_chunk, self.positions.min((chunk + 1) * per_chunk));
            if !streams {
                return gather(first, end - first, out.data().wrapping_add(first * bytes));
            }
            let mut turn = Turn([MaybeUninit::uninit(); STREAM_TURN * STREAM_RUN]);
            let buffer = turn.0.as_mut_ptr().cast::<u8>();
            for first in (first..end).step_by(STREAM_TURN) {
                let count = (end - first).min(STREAM_TURN);
                gather(first, count, buffer)?;
                // SAFETY: a turn holds `count` runs; all but the last turns are whole lines, chunks and `out` begin with one.
                unsafe { ffi::stream()(buffer, out.data().wrapping_add(first * bytes), count * bytes) };
            }
            stream_fence();
            Ok(())
        })
    }
}

/// Gathers `n` runs of `bytes` past the caches, a turn at a time.
///
/// # Safety
/// As for the kernel; `target` is aligned to 64. The caller fences.
unsafe fn gather_streaming(bytes: usize, base: *const u8, offsets: *const i64, n: usize, target: *mut u8) {
    #[repr(align(64))]
    struct Turn([MaybeUninit<u8>; STREAM_TURN * STREAM_RUN]);
    let mut turn = Turn([MaybeUninit::uninit(); STREAM_TURN * STREAM_RUN]);
    let buffer = turn.0.as_mut_ptr().cast::<u8>();
    for first in (0..n).step_by(STREAM_TURN) {
        let count = (n - first).min(STREAM_TURN);
        // SAFETY: the caller's promise; a turn holds `count` runs, and all but the last are whole lines.
        unsafe {
            ffi::gather(bytes)(base, offsets.add(first), count, buffer, bytes);
            ffi::stream()(buffer, target.add(first * bytes), count * bytes);
        }
    }
}
