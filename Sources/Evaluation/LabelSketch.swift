import Vocabulary

/// The distribution of a stream of labels in a few hundred groups of neighbours, each with its mean: enough to find the
/// best constant prediction of any convex loss, and what it costs.
///
/// Groups are small in the tails, as in a t-digest, and never span more than 1/32 of the labels. Adding is amortised: new
/// labels wait until there are enough to sort them in. Deterministic; merging in another order gives slightly other groups.
///
/// - Source: Dunning & Ertl 2019, "Computing extremely accurate quantiles using t-digests" (groups and their limits).
struct LabelSketch: Sendable, Hashable, Codable {
  struct Group: Sendable, Hashable, Codable {
    var mean: Double
    /// The sum of its labels' weights.
    var count: Double
  }

  private static let pendingMax = 256
  private static let groupsMax: Int64 = 4096
  /// A group at quantile q holds at most the larger of 4·q·(1 − q) and 1/16, divided by this, of all labels.
  private static let fineness = 64.0

  /// Ascending by mean.
  private var groups: [Group] = []
  private var pending: [Double] = []
  /// Of those; nil: each counts 1.
  private var pendingWeights: [Double]?

  init() {}

  /// - Parameters:
  ///   - label: Finite.
  ///   - weight: Above 0.
  mutating func add(_ label: Double, weight: Double = 1) {
    if weight != 1, pendingWeights == nil { pendingWeights = Array(repeating: 1, count: pending.count) }
    pending.append(label)
    pendingWeights?.append(weight)
    if pending.count >= Self.pendingMax { settle() }
  }

  mutating func merge(_ other: LabelSketch) {
    groups = Self.merged(groups, other.groups)
    if pendingWeights != nil || other.pendingWeights != nil {
      func weights(_ sketch: LabelSketch) -> [Double] {
        sketch.pendingWeights ?? Array(repeating: 1, count: sketch.pending.count)
      }
      pendingWeights = weights(self) + weights(other)
    }
    pending += other.pending
    settle()
  }

  private mutating func settle() {
    let new =
      pendingWeights.map { weights in
        zip(pending, weights).sorted { $0 < $1 }.map { Group(mean: $0.0, count: $0.1) }
      } ?? pending.sorted().map { Group(mean: $0, count: 1) }
    pending.removeAll(keepingCapacity: true)
    pendingWeights = nil
    groups = Self.squeezed(Self.merged(groups, new))
  }

  private static func merged(_ a: [Group], _ b: [Group]) -> [Group] {
    var result: [Group] = []
    result.reserveCapacity(a.count + b.count)
    var (i, j) = (0, 0)
    while i < a.count || j < b.count {
      if j == b.count || (i < a.count && a[i].mean <= b[j].mean) {
        result.append(a[i])
        i += 1
      } else {
        result.append(b[j])
        j += 1
      }
    }
    return result
  }

  /// Neighbours joined as far as the limit of their place allows.
  private static func squeezed(_ groups: [Group]) -> [Group] {
    let total = groups.reduce(0.0) { $0 + $1.count }
    var result: [Group] = []
    var before = 0.0
    for group in groups {
      guard var last = result.popLast() else {
        result.append(group)
        continue
      }
      let joined = last.count + group.count
      let place = min(max((before + joined / 2) / total, 0), 1)
      if joined <= total * max(4 * place * (1 - place), 1.0 / 16) / fineness {
        last.mean += (group.mean - last.mean) * (group.count / joined)
        last.count += group.count
        result.append(last)
      } else {
        before += last.count
        result += [last, group]
      }
    }
    return result
  }

  /// The mean loss of the best constant; `best` finds that, among settled groups.
  ///
  /// A little below the exact one (a group's labels count as their mean), so a model has to beat slightly more.
  func leastMeanLoss(of task: EvaluationTask, _ best: (LabelSketch) -> Double) -> Double? {
    var settled = self
    settled.settle()
    let total = settled.groups.reduce(0.0) { $0 + $1.count }
    guard total > 0 else { return nil }
    let constant = best(settled)
    let sum = settled.groups.reduce(0.0) { $0 + $1.count * task.loss(value: constant, label: $1.mean) }
    return sum / total
  }

  /// The mean of the group that holds this share of the labels.
  func quantile(_ level: Double) -> Double {
    let wanted = level * groups.reduce(0.0) { $0 + $1.count }
    var passed = 0.0
    for group in groups {
      passed += group.count
      if passed >= wanted { return group.mean }
    }
    return groups.last?.mean ?? 0
  }

  /// Where Σ slope(x − label) changes its sign; `slope` does not decrease. By bisection.
  func root(_ slope: (Double) -> Double) -> Double {
    guard var low = groups.first?.mean, var high = groups.last?.mean else { return 0 }
    for _ in 0..<64 {
      let middle = low + (high - low) / 2
      if groups.reduce(0.0, { $0 + $1.count * slope(middle - $1.mean) }) < 0 {
        low = middle
      } else {
        high = middle
      }
    }
    return low + (high - low) / 2
  }

  /// Groups, then the labels that wait.
  func encode(into writer: inout CompactWriter, areWhole: Bool) {
    writer.write(tallies: groups.map(\.count), areWhole: areWhole)
    for group in groups { writer.write(group.mean) }
    writer.write(count: Int64(pending.count))
    for (place, label) in pending.enumerated() {
      writer.write(label)
      if !areWhole { writer.write(pendingWeights?[place] ?? 1) }
    }
  }

  init(decoding reader: inout CompactReader, areWhole: Bool) throws {
    let counts = try reader.readTallies(elementsMax: Int(Self.groupsMax), areWhole: areWhole)
    var previous = -Double.infinity
    for count in counts {
      let mean = try reader.readDouble()
      guard count > 0, mean.isFinite, mean >= previous else { throw reader.damage("has groups out of order") }
      previous = mean
      groups.append(Group(mean: mean, count: count))
    }
    for _ in 0..<(try reader.readCount(max: Int64(Self.pendingMax))) {
      let label = try reader.readDouble()
      guard label.isFinite else { throw reader.damage("has a label that is no number") }
      let weight = areWhole ? 1 : try reader.readTally(isWhole: false)
      guard weight > 0 else { throw reader.damage("has a label without weight") }
      if weight != 1, pendingWeights == nil { pendingWeights = Array(repeating: 1, count: pending.count) }
      pending.append(label)
      pendingWeights?.append(weight)
    }
  }
}
