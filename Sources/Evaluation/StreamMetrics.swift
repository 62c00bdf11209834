import Foundation
import Vocabulary

/// How well a stream of predictions met its labels: a value that adds records, merges and travels.
///
/// Counts merge exactly in any order; sums are added in the order of the merges, so ranks merge in rank order. Memory
/// is about 112 KiB for a binary task (the score histogram), small otherwise.
public struct StreamMetrics: Sendable, Hashable, Codable {
  public private(set) var task: EvaluationTask
  /// Labelled records with a finite output.
  public internal(set) var records: Int64 = 0
  /// Records, labelled or not, with an output that is NaN or infinite; they are in nothing else.
  public internal(set) var nonFiniteOutputs: Int64 = 0
  /// Sum of those records' weights; nil: each counted 1 so far.
  public internal(set) var weightSum: Double?
  @JSONSafe var lossSum: Double = 0
  var binary: BinaryTally?
  var multiclass: ClassTally?
  /// Absolute errors.
  @JSONSafe var absoluteErrorSum: Double = 0
  /// Of the labels.
  var labels: RunningMoments?
  /// Of regressions that are not judged by squared error.
  var values: ValueTally?

  public init(task: EvaluationTask) {
    self.task = task
    switch task {
    case .binary: binary = BinaryTally()
    case .multiclass(let classes): multiclass = ClassTally(classes: classes)
    case .regression: labels = RunningMoments()
    case .huber, .quantile, .poisson:
      labels = RunningMoments()
      values = ValueTally(task: task)
    }
  }

  /// Whether the parts are those of the task, and counts are counts.
  private var isSound: Bool {
    let counts: ClosedRange<Int64> = 0...1 << 52
    guard counts.contains(records), counts.contains(nonFiniteOutputs), weightSum.map({ $0 >= 0 }) ?? true else {
      return false
    }
    guard case .multiclass(let classes) = task else { return multiclass == nil }
    return classes > 0 && multiclass?.classes == classes
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    task = try container.decode(EvaluationTask.self, forKey: .task)
    records = try container.decode(Int64.self, forKey: .records)
    nonFiniteOutputs = try container.decode(Int64.self, forKey: .nonFiniteOutputs)
    weightSum = try container.decodeIfPresent(Double.self, forKey: .weightSum)
    _lossSum = try container.decode(JSONSafe<Double>.self, forKey: .lossSum)
    binary = try container.decodeIfPresent(BinaryTally.self, forKey: .binary)
    multiclass = try container.decodeIfPresent(ClassTally.self, forKey: .multiclass)
    _absoluteErrorSum = try container.decode(JSONSafe<Double>.self, forKey: .absoluteErrorSum)
    labels = try container.decodeIfPresent(RunningMoments.self, forKey: .labels)
    values = try container.decodeIfPresent(ValueTally.self, forKey: .values)
    guard isSound else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "not what is measured of \(task)"))
    }
  }

  /// Sum of the records' weights.
  public var weight: Double { weightSum ?? Double(records) }

  /// Adds `count` predictions.
  ///
  /// - Parameters:
  ///   - outputs: Shape [count × task.outputCount], row-major: probabilities, or the value.
  ///   - labels: Shape [count]: 0/1, the class index, or the value; NaN: unlabelled, skipped.
  ///   - weights: Shape [count]: how much each record counts, ≥ 0; nil: 1.
  ///   - losses: Shape [count], as `EvaluationTask.losses` gives them; nil: they are computed.
  public mutating func add(
    outputs: UnsafePointer<Float>, labels: UnsafePointer<Float>, weights: UnsafePointer<Float>? = nil,
    losses: UnsafePointer<Double>? = nil, count: Int
  ) {
    let width = task.outputCount
    for row in 0..<count {
      let output = unsafe UnsafeBufferPointer(start: outputs + row * width, count: width)
      guard unsafe output.allSatisfy(\.isFinite) else {
        nonFiniteOutputs += 1
        continue
      }
      let label = unsafe labels[row]
      let weight = unsafe weights.map { unsafe Double($0[row]) } ?? 1
      guard !label.isNaN, let base = output.baseAddress else { continue }
      let loss = unsafe losses.map { unsafe $0[row] } ?? task.loss(outputs: base, label: label)
      unsafe add(output, label: label, weight: weight, loss: loss)
    }
  }

  private mutating func add(_ output: UnsafeBufferPointer<Float>, label: Float, weight: Double, loss: Double) {
    if weight != 1 || weightSum != nil { weightSum = self.weight + weight }
    records += 1
    guard weight > 0 else { return }
    lossSum += weight * loss
    switch task {
    case .binary:
      unsafe binary?.add(Double(output[0]), isPositive: label >= 0.5, weight: weight)
    case .multiclass:
      // The first of equal ones, so that ties go the same way everywhere.
      let predicted = output.indices.reduce(0) { unsafe output[$1] > output[$0] ? $1 : $0 }
      multiclass?.add(label: Int(label), predicted: predicted, weight: weight)
    case .regression, .huber, .quantile, .poisson:
      unsafe absoluteErrorSum += weight * abs(Double(output[0]) - Double(label))
      labels?.add(Double(label), weight: weight)
      unsafe values?.add(Double(output[0]), label: Double(label), weight: weight)
    }
  }

  /// Goes on with room for more classes, or for fewer where no record had one of those that go; for any other task nothing
  /// changes.
  public mutating func makeRoom(for wanted: EvaluationTask) {
    guard case .multiclass(let classes) = wanted, let tally = multiclass?.with(classes: classes) else { return }
    (task, multiclass) = (wanted, tally)
  }

  /// Adds what `other` saw; both are of the same task.
  public mutating func merge(_ other: StreamMetrics) {
    precondition(task == other.task, "metrics of \(task) cannot take those of \(other.task)")
    if weightSum != nil || other.weightSum != nil { weightSum = weight + other.weight }
    records += other.records
    nonFiniteOutputs += other.nonFiniteOutputs
    lossSum += other.lossSum
    absoluteErrorSum += other.absoluteErrorSum
    if let tally = other.binary { binary?.merge(tally) }
    if let tally = other.multiclass { multiclass?.merge(tally) }
    if let moments = other.labels { labels?.merge(moments) }
    if let tally = other.values { values?.merge(tally) }
  }
}
