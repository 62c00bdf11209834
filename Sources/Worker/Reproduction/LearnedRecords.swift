package import Registry
package import Vocabulary

/// The records of a stretch of steps in the order of learning: by step, by partition, by offset. Places without a record count too;
/// they do nothing.
package struct LearnedRecords: Sendable {
  /// By step, then by partition.
  package let ranges: [StepRange]
  /// How many records lie before each range.
  private let starts: [Int]
  package let count: Int

  package init(_ ranges: [StepRange]) {
    self.ranges = ranges.sorted { ($0.step, $0.partition) < ($1.step, $1.partition) }
    var (starts, count): ([Int], Int) = ([], 0)
    for range in self.ranges {
      starts.append(count)
      count += Int(range.next - range.from)
    }
    (self.starts, self.count) = (starts, count)
  }

  /// The range that holds a record, by its place.
  private func range(of place: Int) -> Int {
    var (low, high) = (0, ranges.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= place { low = middle } else { high = middle }
    }
    return low
  }

  /// The step that a record was learned in.
  package func step(of place: Int) -> Int64 { ranges[range(of: place)].step }

  package func position(of place: Int) -> (partition: Int32, offset: Int64) {
    let range = range(of: place)
    return (ranges[range].partition, ranges[range].from + Int64(place - starts[range]))
  }

  /// Records before the end of a step.
  package func count(through step: Int64) -> Int {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].step <= step { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count ? starts[low] : count
  }

  /// Where records lie, by their places.
  package func stretches(_ places: Range<Int>) -> [OffsetStretch] {
    guard !places.isEmpty else { return [] }
    var stretches: [OffsetStretch] = []
    var index = range(of: places.lowerBound)
    while index < ranges.count, starts[index] < places.upperBound {
      let (range, start) = (ranges[index], starts[index])
      let from = max(0, places.lowerBound - start)
      let next = min(Int(range.next - range.from), places.upperBound - start)
      stretches.append(
        OffsetStretch(partition: range.partition, from: range.from + Int64(from), next: range.from + Int64(next)))
      index += 1
    }
    return OffsetStretch.united(stretches)
  }

  /// As a script has them.
  package func steps(after first: Int64, upTo last: Int64) -> [ScriptedStep] {
    ScriptedStep.steps(ranges.filter { $0.step > first && $0.step <= last })
  }
}

/// A ledger that is in memory.
package actor HeldLedger: ReplayLedger {
  private var steps: ArraySlice<ScriptedStep>

  package init(_ steps: [ScriptedStep]) { self.steps = steps[...] }

  package func next() async throws -> [ScriptedStep] {
    defer { steps = steps.dropFirst(1024) }
    return Array(steps.prefix(1024))
  }
}
