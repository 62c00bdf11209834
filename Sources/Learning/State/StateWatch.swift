import Tensors

/// Looks at the state after each step, a part at a time, so that ranks that hold the same state can find out that they do not:
/// a stretch of it after every step, all of it in turn, and after every 64th what the step changed besides.
///
/// A stretch is a 4,096th of the state, within bounds; `retrain-bench step --watch yes` says what it costs.
package final class StateWatch {
  /// Steps from one look at what was changed to the next.
  static let touchedEvery: Int64 = 64
  /// Of a stretch of the sweep.
  private static let bytesMin = 512
  private static let bytesMax = 1 << 14
  private static let stepsOfSweep = 4096

  /// All buffers of the state and of the memory; they stay where they are.
  let regions: [StateRegion]
  private let buffers: [UnsafeRawBufferPointer]
  private let stretch: Int
  /// Stretches until all of the state was looked at.
  package let sweepSteps: Int64

  init(_ learner: Learner) {
    regions = StateRegion.all(of: learner)
    buffers = regions.map(\.bytes)
    let bytes = buffers.reduce(0) { $0 + $1.count }
    stretch = min(Self.bytesMax, max(Self.bytesMin, bytes / Self.stepsOfSweep))
    sweepSteps = Int64((bytes + stretch - 1) / stretch)
  }

  /// After a step, before its touched rows are forgotten.
  func digest(of learner: Learner) -> UInt64 {
    var digest = Digest(seed: UInt64(bitPattern: learner.step))
    if sweepSteps > 0 { sweep(Int(learner.step % sweepSteps) * stretch, into: &digest) }
    if learner.step % Self.touchedEvery == 0 { addTouched(by: learner, to: &digest) }
    return digest.value
  }

  private func sweep(_ first: Int, into digest: inout Digest) {
    var (begin, end) = (first, first + stretch)
    for region in buffers {
      if begin >= end { return }
      if begin < region.count {
        digest.add(UnsafeRawBufferPointer(rebasing: region[begin..<min(end, region.count)]))
      }
      begin = max(0, begin - region.count)
      end -= region.count
    }
  }

  /// Dense parameters, the rows that the step touched, and the few numbers that optimisers keep.
  private func addTouched(by learner: Learner, to digest: inout Digest) {
    digest.add(UnsafeRawBufferPointer(learner.model.dense.buffer))
    var numbers = NumberDigest(digest: digest)
    learner.optimizers.write(to: &numbers)
    digest = numbers.digest
    let (tables, rows) = (learner.network.tables, learner.merged.rows)
    var index = 0
    for table in tables.tables {
      let end = UInt32(table.firstRow + table.buckets)
      while index < rows.count, rows.rows.pointer[index] < end {
        let row = Int(rows.rows.pointer[index]) - table.firstRow
        add(tables.weights.pointer + table.offset + row * table.dimension, table.dimension, to: &digest)
        if table.isWide { add(tables.wideRows(table) + row * tables.wideWidth, tables.wideWidth, to: &digest) }
        index += 1
      }
    }
  }

  private func add(_ values: UnsafePointer<Float>, _ count: Int, to digest: inout Digest) {
    digest.add(UnsafeRawBufferPointer(start: values, count: count * MemoryLayout<Float>.stride))
  }
}

/// The numbers of a state alone.
struct NumberDigest: StateSink {
  var digest: Digest

  mutating func write(_ number: Double) { digest.add(number.bitPattern) }
  mutating func write<Element>(_ buffer: AlignedBuffer<Element>) {}
}

extension Learner {
  /// Whether updates come with a digest of a part of the state.
  public var isWatched: Bool {
    get { watch != nil }
    set { watch = newValue ? watch ?? StateWatch(self) : nil }
  }
}
