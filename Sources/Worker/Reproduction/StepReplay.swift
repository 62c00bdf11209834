import Ingest
package import Learning
package import Pipelines
package import Registry
import Tensors
package import Vocabulary

/// Makes recorded steps again, in one process: the records that the ledger names, in its order, without those that were taken
/// out, each step updated as all workers had decided. What a step came to is held against what was decided then.
package struct StepReplay {
  /// Why steps cannot be made again.
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
    package init(description: String) { self.description = description }
  }

  /// How near what was made again is to what was decided.
  package struct Agreement: Sendable, Hashable, Codable {
    package var steps = 0
    /// Of these, those with the same loss and gradient to the last bit.
    package var same = 0
    /// The largest difference of a step's loss or gradient norm, as a share of it.
    package var deviation = 0.0
  }

  /// As the checkpoint that it begins with was learned under.
  private let pipeline: Pipeline
  private let partitionCount: Int
  private let copies: [RecordPosition: RecordFetch.Copy]
  private let decoder: RecordDecoder

  /// - Parameter copies: What the steps' ranges hold, as far as the log has it.
  package init(_ pipeline: Pipeline, partitionCount: Int, copies: [RecordPosition: RecordFetch.Copy]) {
    (self.pipeline, self.partitionCount, self.copies) = (pipeline, partitionCount, copies)
    decoder = RecordDecoder(
      schema: pipeline.schema, heads: pipeline.heads, recordBytesMax: pipeline.source.recordBytesMax)
    decoder.know(classes: pipeline.schema.label.findsClasses ? pipeline.schema.label.classes : [], isAll: true)
  }

  /// Every place in the steps' ranges.
  package static func positions(_ ranges: [StepRange], topic: String) -> [RecordPosition] {
    ranges.flatMap { range in
      (range.from..<range.next).map { RecordPosition(topic: topic, partition: range.partition, offset: $0) }
    }
  }

  /// The most rows of a step.
  package static func largestStep(_ ranges: [StepRange]) -> Int {
    Dictionary(grouping: ranges, by: \.step).values.map { $0.reduce(0) { $0 + Int($1.next - $1.from) } }.max() ?? 1
  }

  /// Has `learner` take all steps, in their order.
  ///
  /// - Parameter learner: With room for `largestStep` rows, at the step before the first.
  package func run(_ learner: Learner, _ recorded: RecordedSteps, until deadline: Deadline) throws -> Agreement {
    let isReproducible = pipeline.training.reproducible
    learner.summation =
      isReproducible ? .byPartition(PartitionTree(count: partitionCount), stretch: 0..<partitionCount) : .whole
    let batch = learner.batchShape.makeBatch(
      capacity: Self.largestStep(recorded.ranges), weighsRecords: pipeline.schema.weight != nil)
    var agreement = Agreement()
    for (step, ranges) in Dictionary(grouping: recorded.ranges, by: \.step).sorted(by: { $0.key < $1.key }) {
      guard !deadline.hasPassed else {
        throw Failure(description: "step \(step) was not reached in time, after \(agreement.steps) steps")
      }
      guard let decision = recorded.decisions[step] else {
        throw Failure(description: "what was decided of step \(step) is not recorded")
      }
      let parts = try fill(batch, ranges, decision)
      learner.predict(batch)
      let local = learner.backward(batch, parts: isReproducible ? parts : nil)
      learner.absorbOwn()
      let sums = isReproducible ? Self.sum(learner.partSteps) : local
      guard sums.labelled == Int(decision.records) else {
        throw Failure(
          description: "step \(step) learned \(decision.records) records, and the log gives \(sums.labelled) of them")
      }
      let update = apply(decision, sums, learner)
      let isApplied = update.isFinite && !update.isSkipped
      guard isApplied == decision.isApplied else {
        throw Failure(
          description:
            "step \(step) was \(decision.isApplied ? "" : "not ")applied, and is \(isApplied ? "" : "not ")now"
        )
      }
      if !isApplied { learner.discardStep() }
      agreement.add(sums.lossSum, update, decision)
    }
    return agreement
  }

  /// The update as it was made: at the rate that held then, and not where a rule of health had the step skipped.
  private func apply(_ decision: StepDecision, _ sums: LocalStep, _ learner: Learner) -> Update {
    if decision.isSkipped, decision.gradientNorm == 0 {
      // It was skipped for its loss, before there was a gradient.
      return Update(gradientNorm: 0, wasClipped: false, isFinite: true, isSkipped: true)
    }
    learner.gradientNormMax = decision.isSkipped ? decision.gradientNorm.nextDown : .infinity
    learner.rateScale = 1
    let rate = learner.nextRate
    if decision.learningRate > 0, rate > 0 { learner.rateScale = decision.learningRate / rate }
    return learner.apply(labelled: sums.labelled, weight: sums.weight, lossSum: sums.lossSum)
  }

  private static func sum(_ parts: [LocalStep]) -> LocalStep {
    parts.reduce(into: LocalStep(labelled: 0, lossSum: 0, isFinite: true)) { whole, part in
      whole.labelled += part.labelled
      whole.weight += part.weight
      whole.lossSum += part.lossSum
    }
  }

  /// The rows of one step, by partition and offset, as workers take them.
  private func fill(_ batch: FeatureBatch, _ ranges: [StepRange], _ decision: StepDecision) throws -> BatchParts {
    batch.count = 0
    var parts = BatchParts()
    for range in ranges.sorted(by: { $0.partition < $1.partition }) {
      let buffer = makeBuffer(range, like: batch)
      for offset in range.from..<range.next {
        let position = RecordPosition(topic: pipeline.source.topic, partition: range.partition, offset: offset)
        guard let copy = copies[position], let slot = buffer.beginSlot() else { continue }
        switch copy.value.withUnsafeBytes({ decoder.decode($0, into: slot) }) {
        case .example: buffer.commitExample(offset: offset)
        case .rejected(let reason, _): buffer.commitRejected(offset: offset, reason: reason)
        }
      }
      let first = batch.count
      let take = buffer.take(upTo: Int(range.next - range.from), into: batch)
      parts.append(partition: Int(range.partition), rows: take.valid)
      let skips = Set(decision.skips.filter { $0.partition == range.partition }.map(\.offset))
      for row in 0..<take.valid where skips.contains(buffer.offset(ofRow: row)) { batch.empty(first + row) }
    }
    return parts
  }

  private func makeBuffer(_ range: StepRange, like batch: FeatureBatch) -> PartitionBuffer {
    PartitionBuffer(
      partition: range.partition, capacity: max(1, Int(range.next - range.from)), numberCount: batch.numberCount,
      categoryCount: batch.categoryCount, labelCount: batch.labelCount, weighsRecords: batch.weights != nil,
      weighted: pipeline.schema.sparseFeatures.map(\.pairsMax), stepRecords: Int(range.next - range.from),
      nextOffset: range.from)
  }
}

extension StepReplay.Agreement {
  fileprivate mutating func add(_ lossSum: Double, _ update: Update, _ decision: StepDecision) {
    steps += 1
    let pairs = [(lossSum, decision.lossSum), (update.gradientNorm, decision.gradientNorm)]
    if pairs.allSatisfy({ $0.0 == $0.1 || $0.0.isNaN && $0.1.isNaN }) { same += 1 }
    for (now, then) in pairs where now.isFinite && then.isFinite {
      deviation = max(deviation, abs(now - then) / max(abs(then), 1e-12))
    }
  }
}
