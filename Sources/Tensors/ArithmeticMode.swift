import CKernels

/// Makes the calling thread treat subnormal numbers as zero (FTZ and DAZ), which the kernels' bits and speed rely on.
///
/// `Learner` and `Predictor` also guard each of their calls, so a thread that forgot loses a few nanoseconds, not bits.
public func prepareArithmeticThread() { ck_flush_subnormals() }

/// Runs `body` with subnormal numbers treated as zero and leaves the thread's mode as it was.
@inline(__always)
package func withArithmeticMode<R>(_ body: () throws -> R) rethrows -> R {
  let before = ck_flush_subnormals()
  defer { ck_restore_mode(before) }
  return try body()
}
