//! Loading: elements of any layout and dtype as contiguous blocks of the dtype that is computed.
//!
//! The kernels see nothing but such blocks, wherever they come from: a block that a fused program
//! has computed is as good.

use std::ffi::c_void;

use corepy_core::arena::Scope;
use corepy_core::reduction_plan::Axes;
use corepy_core::{DType, Result};

use crate::ffi;
use crate::fusion::{Room, Stream};

/// Where blocks come from.
pub struct Loader<'a> {
    /// Of a stream an address that stands for its first element, see [`stream_base`].
    pub data: *const u8,
    /// Computes the elements, of which none lies in memory; the axes are then contiguous.
    pub stream: Option<&'a Stream>,
    pub source: DType,
    pub compute: DType,
    pub axes: Axes,
}

// SAFETY: loaders only read, and what they read from outlives the operation.
unsafe impl Sync for Loader<'_> {}

/// Room for a block on its way; null where it is not needed.
pub struct Buffers {
    gathered: *mut u8,
    cast: *mut u8,
    room: Option<Room>,
}

/// The elements of a stream from one on, as a kernel asks for them.
pub struct Producer<'a> {
    loader: &'a Loader<'a>,
    start: usize,
    buffers: &'a mut Buffers,
}

impl<'a> Producer<'a> {
    /// The elements from `start` on; `buffers` have room for what the kernel asks for at a time.
    pub fn new(loader: &'a Loader<'a>, start: usize, buffers: &'a mut Buffers) -> Producer<'a> {
        Producer { loader, start, buffers }
    }

    /// The function that sums elements as they are computed, if the stream can.
    pub fn sum_leaves(&self) -> Option<ffi::SumLeaves> {
        self.loader.stream.is_some_and(Stream::sums_leaves).then_some(Self::sum as ffi::SumLeaves)
    }

    /// See [`ffi::SumLeaves`].
    ///
    /// # Safety
    /// `context` is a producer's of which there is [`Producer::sum_leaves`]; the elements exist, and `out` has room.
    unsafe extern "C" fn sum(context: *mut c_void, first: usize, leaves: usize, out: *mut f64) {
        // SAFETY: the caller's promise; the kernel is the only one that has the producer.
        unsafe {
            let producer = &mut *context.cast::<Producer<'_>>();
            let loader = producer.loader;
            let first = loader.stream_index(producer.start + first);
            let (_, room) = producer.buffers.stream();
            loader.stream.expect("asked before").sum_leaves(first, leaves, out, room);
        }
    }

    /// The kernel's argument.
    pub fn context(&mut self) -> *mut c_void {
        std::ptr::from_mut(self).cast()
    }

    /// See [`ffi::Produce`].
    ///
    /// # Safety
    /// `context` is a producer's, and the elements exist.
    pub unsafe extern "C" fn produce(context: *mut c_void, first: usize, n: usize) -> *const u8 {
        // SAFETY: the caller's promise; the kernel is the only one that has the producer.
        unsafe {
            let producer = &mut *context.cast::<Producer<'_>>();
            producer.loader.load(producer.start + first, n, producer.buffers)
        }
    }
}

/// The address that stands for the first element of a stream; nothing is read there.
pub fn stream_base() -> *const u8 {
    std::ptr::without_provenance(64)
}

impl Buffers {
    /// Where a stream computes, and what it needs for that.
    pub fn stream(&mut self) -> (*mut u8, &mut Room) {
        (self.gathered, self.room.as_mut().expect("made for a stream"))
    }
}

impl Loader<'_> {
    /// Whether blocks are as kernels want them, in memory or as a stream computes them.
    pub fn is_direct(&self) -> bool {
        self.source == self.compute && self.is_contiguous()
    }

    /// Whether blocks lie without gaps, if perhaps in another dtype.
    pub fn is_contiguous(&self) -> bool {
        self.axes.is_contiguous(self.source.itemsize())
    }

    /// Room for blocks of up to `elements`, of which some may have gaps.
    pub fn buffers(&self, scope: &Scope<'_>, elements: usize, have_gaps: bool) -> Result<Buffers> {
        let bytes = |is_needed: bool, dtype: DType| {
            if is_needed { scope.elements(elements, dtype.itemsize()) } else { Ok(std::ptr::null_mut()) }
        };
        Ok(Buffers {
            gathered: bytes(have_gaps || self.stream.is_some(), self.source)?,
            cast: bytes(self.source != self.compute, self.compute)?,
            room: self.stream.map(|stream| stream.room(scope)).transpose()?,
        })
    }

    /// The stream's number of the element `start` of a walk over axes without gaps.
    fn stream_index(&self, start: usize) -> usize {
        (self.data.addr() - stream_base().addr()) / self.source.itemsize() + start
    }

    /// The elements `start..start + len` of the walk over the axes.
    ///
    /// # Safety
    /// The elements exist, and the buffers have room for them.
    pub unsafe fn load(&self, start: usize, len: usize, buffers: &mut Buffers) -> *const u8 {
        let item = self.source.itemsize();
        let mut block = self.data.wrapping_add(start * item);
        if let Some(stream) = self.stream {
            let first = self.stream_index(start);
            let (target, room) = buffers.stream();
            // SAFETY: the caller's promise; one thread computes what it loads, if once more, then to the same values.
            block = unsafe { stream.compute(first, len, target, room) };
        } else if !self.is_contiguous() {
            let mut target = buffers.gathered;
            self.axes.pieces(start, len, |piece| {
                let (rows, cols) = (piece.rows, piece.cols);
                let source = self.data.wrapping_offset(piece.offset);
                let step = item as isize;
                // SAFETY: the piece lies in the operand, and pieces fill the buffer in order.
                unsafe {
                    ffi::copy(item)(
                        source,
                        piece.row_stride,
                        piece.col_stride,
                        target,
                        cols as isize * step,
                        step,
                        rows,
                        cols,
                    );
                }
                target = target.wrapping_add(rows * cols * item);
            });
            block = buffers.gathered;
        }
        if self.source != self.compute {
            // SAFETY: the block holds `len` elements, and so does the buffer.
            unsafe { ffi::cast(self.source, self.compute)([block].as_ptr(), buffers.cast, len, 0) };
            block = buffers.cast;
        }
        block
    }
}
