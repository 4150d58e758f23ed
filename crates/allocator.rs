//! The allocator of the binaries: both take and free memory from many threads at once, which the system's is slow at.

use std::ffi::c_long;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Says for how long memory that was freed is kept, in case it is wanted again: getting it back from the system, cleared,
/// takes time. To be called before other threads run.
pub(crate) fn keep_freed_memory_for(milliseconds: c_long) {
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    #[allow(unsafe_code, reason = "sets a number that the allocator reads; no other thread runs yet")]
    unsafe {
        libmimalloc_sys::mi_option_set(PURGE_DELAY, milliseconds);
    }
}
