//! Values written to what a walk selects.

use corepy_core::{Result, Tensor, scheduler};

use super::walk::{CHUNK_BYTES, Direction, Walk, offset};
use crate::ffi;

/// Nanoseconds per run of up to 64 bytes that is written to a random place (measured: 2 to 3).
const WRITE_NS: f32 = 2.0;

impl Walk<'_> {
    /// Copies `values`, one for all or as many as are selected, contiguous and of the view's dtype,
    /// to what is selected. They share no memory with the view.
    pub fn write(&self, values: &Tensor) -> Result<()> {
        // All indices are checked before anything is written.
        let all = self.all_offsets()?;
        if self.shape.contains(&0) {
            return Ok(());
        }
        let (bytes, contiguous) = self.run_bytes();
        let one = values.size() == 1;
        if contiguous && self.view.is_contiguous() && (!one || self.run() == 1) {
            return self.write_shared(values, &all);
        }
        // Several positions may be one place, of which the last one counts: in order.
        self.each_run(Some(&all), true, &|base, offsets, n, place| {
            let source = if one { values.data() } else { values.data().wrapping_add(place * bytes) };
            if contiguous && (!one || self.run() == 1) {
                let step = if one { 0 } else { bytes as isize };
                // SAFETY: offsets are checked, and places are written by one thread.
                unsafe { ffi::scatter(bytes)(source, step, offsets, n, base, bytes) };
                return;
            }
            for k in 0..n {
                // SAFETY: as above.
                unsafe {
                    let target = base.offset(*offsets.add(k) as isize);
                    let (source, direction) =
                        if one { (source, Direction::Fill) } else { (source.add(k * bytes), Direction::In) };
                    self.copy_inner(source, target, direction);
                }
            }
        })
    }

    /// As [`Walk::write`], to a contiguous view, shared by threads: each writes the places of its own, in order.
    fn write_shared(&self, values: &Tensor, all: &Tensor) -> Result<()> {
        let (bytes, _) = self.run_bytes();
        let step = if values.size() == 1 { 0 } else { bytes };
        let (steps, n) = (self.steps(), self.positions);
        let work = (steps * n) as f32 * WRITE_NS * (1.0 + bytes as f32 / 64.0);
        let parallel = scheduler::worth_parallel(work as u64);
        // The outer axes' places are apart; without any, each thread has a part of the places.
        let parts = if steps == 1 && parallel { scheduler::num_threads() } else { 1 };
        let size = self.view.size() * self.view.dtype().itemsize();
        let per_chunk = (CHUNK_BYTES / (n * bytes)).clamp(1, steps);
        scheduler::for_each_chunk(self.op, parts.max(steps.div_ceil(per_chunk)), parallel, &|chunk| {
            let offsets = all.data().cast::<i64>();
            if parts > 1 {
                let bound = |part: usize| (size as u128 * part as u128 / parts as u128) as i64;
                let (low, high) = (bound(chunk), bound(chunk + 1));
                let kernel = ffi::scatter_within(bytes);
                // SAFETY: offsets are checked; those within the bounds are this chunk's.
                unsafe { kernel(values.data(), step as isize, offsets, n, self.view.data(), bytes, low, high) };
                return Ok(());
            }
            for outer in chunk * per_chunk..steps.min((chunk + 1) * per_chunk) {
                let source = values.data().wrapping_add(outer * n * step);
                let base = self.view.data().wrapping_offset(offset(&self.outer, outer));
                // SAFETY: offsets are checked, and what lies at this step is this chunk's.
                unsafe { ffi::scatter(bytes)(source, step as isize, offsets, n, base, bytes) };
            }
            Ok(())
        })
    }
}
