import Tensors

/// What rounding took from values that go out step after step: the next step's go out with it, so that nothing is lost but the
/// last error. One thread at a time.
///
/// A step's errors are taken over once it is known that it counts; until then they lie beside those before it.
///
/// - Source: Seide et al. 2014, "1-bit stochastic gradient descent", section 3; Karimireddy et al. 2019, "Error feedback fixes
///   SignSGD and other gradient compression schemes", algorithm 2.
struct ErrorFeedback {
  private var kept = AlignedBuffer<Float>(count: 0)
  private var next = AlignedBuffer<Float>(count: 0)

  /// Begins with errors of zero where there are none yet.
  mutating func reserve(_ count: Int) {
    guard kept.count != count else { return }
    precondition(kept.count == 0, "the errors of \(kept.count) values are none of \(count)")
    (kept, next) = (AlignedBuffer(count: count), AlignedBuffer(count: count))
  }

  /// rounded = values + error, the errors being those of `range`.
  func round(
    _ values: UnsafePointer<Float>, _ range: Range<Int>, to rounded: UnsafeMutablePointer<UInt16>
  ) {
    Kernels.active.round(
      count: range.count, values, adding: kept.pointer + range.lowerBound, to: rounded,
      error: next.pointer + range.lowerBound)
  }

  /// The values that were rounded last count.
  mutating func keep() { swap(&kept, &next) }

  /// The errors that the next values go out with.
  var errors: UnsafeBufferPointer<Float> { UnsafeBufferPointer(kept.buffer) }
}
