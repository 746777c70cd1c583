//! One body, compiled for every level.

/// Make `name(level, …)` from a body that is `#[inline(always)]`: the body is compiled for each level,
/// with the same operations in the same order, so the bits are the same.
macro_rules! levels {
    ($(#[$meta:meta])* fn $name:ident($($arg:ident: $ty:ty),* $(,)?) = $body:path) => {
        $(#[$meta])*
        pub(crate) fn $name(level: $crate::Level, $($arg: $ty),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c")]
            fn wide($($arg: $ty),*) {
                $body($($arg),*);
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,f16c")]
            fn middle($($arg: $ty),*) {
                $body($($arg),*);
            }
            match level {
                // SAFETY: a `Team` only holds a level that this machine runs.
                #[cfg(target_arch = "x86_64")]
                $crate::Level::Avx512 | $crate::Level::Amx => unsafe { wide($($arg),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                $crate::Level::Avx2 => unsafe { middle($($arg),*) },
                _ => $body($($arg),*),
            }
        }
    };
}
