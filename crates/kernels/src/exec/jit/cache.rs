//! The code of the groups that occurred: programs of one shape share it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::group::Group;
use super::memory::Code;

/// A function that runs a group; see [`Group::assemble`].
pub(super) struct Function {
    code: Code,
    /// Vectors that the main loop takes at a time.
    pub(super) at_once: usize,
    /// Where the function of some lanes begins.
    masked: Option<usize>,
}

impl Function {
    /// Runs the group on `bytes` bytes of each array, a multiple of the vector's.
    ///
    /// # Safety
    /// `addresses` are those of the group's loads, stores and scalars; arrays hold `bytes` bytes.
    pub(super) unsafe fn call(&self, addresses: &[*mut u8], main: usize, bytes: usize) {
        // SAFETY: `assemble` made the code for this signature, and only for instruction sets in use.
        unsafe {
            let function: extern "C" fn(*const *mut u8, usize, usize) = std::mem::transmute(self.code.start());
            function(addresses.as_ptr(), main, bytes);
        }
    }

    /// Whether there is [`Function::call_masked`].
    pub(super) fn has_masks(&self) -> bool {
        self.masked.is_some()
    }

    /// Runs the group on the lanes of `mask` of the vector at `offset` bytes; nothing else is read or written.
    ///
    /// # Safety
    /// As [`Function::call`], of these lanes; [`Function::has_masks`].
    pub(super) unsafe fn call_masked(&self, addresses: &[*mut u8], mask: usize, offset: usize) {
        let start = self.masked.expect("the caller asked");
        // SAFETY: as above.
        unsafe {
            let function: extern "C" fn(*const *mut u8, usize, usize) =
                std::mem::transmute(self.code.start().wrapping_add(start));
            function(addresses.as_ptr(), mask, offset);
        }
    }
}

/// Groups whose code is kept: 1 MiB of pages. Programs in use have their own handles.
const MOST: usize = 256;

type Functions = HashMap<Group, Option<Arc<Function>>>;

static FUNCTIONS: Mutex<Option<Functions>> = Mutex::new(None);

/// The code of `group`; None where there can be none.
pub(super) fn function(group: &Group) -> Option<Arc<Function>> {
    // After a fork in another thread the lock may be held for ever: then the kernels do it.
    let mut guard = match FUNCTIONS.try_lock() {
        Ok(guard) => guard,
        Err(std::sync::TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned),
        Err(std::sync::TryLockError::WouldBlock) => return None,
    };
    let functions = guard.get_or_insert_default();
    if let Some(known) = functions.get(group) {
        return known.clone();
    }
    if functions.len() >= MOST {
        functions.clear();
    }
    let function = group.assemble().and_then(|assembled| {
        let code = Code::new(&assembled.code)?;
        Some(Arc::new(Function { code, at_once: assembled.at_once, masked: assembled.masked }))
    });
    functions.insert(group.clone(), function.clone());
    function
}
