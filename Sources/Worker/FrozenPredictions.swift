package import Evaluation
package import Learning
package import Tensors

/// The step thread's end of the frozen versions: each one's loss on each row of the batch.
package final class FrozenPredictions {
  /// The loss where a version is not asked: there is no label, it has learned the record, or does not know its class.
  package static let unasked = -Float.infinity

  private struct Scorer {
    let version: FrozenVersions.Version
    let predictor: Predictor
    /// By class of the learner: the version's place of it; −1: it has none.
    var places: [Int] = []
  }

  private let source: FrozenVersions
  private let task: EvaluationTask
  private let capacity: Int
  private let storage: AlignedBuffer<Float>
  private var edition = 0
  private var scorers: [Scorer] = []
  private let memory: Memory?
  /// The classes that the learner has found; nil: they are listed, and each has the place that the version gives it.
  private let found: FoundClasses?
  /// The first is the one that all are held against.
  package private(set) var versions: [Int64] = []
  /// The one that serves; 0: none of them.
  package private(set) var serving: Int64 = 0

  /// - Parameter memory: The learner's: versions read what the learner reads, as it was before the records of the batch. nil:
  ///   nothing is remembered.
  package init(
    source: FrozenVersions, task: EvaluationTask, batchCapacity: Int, classes: FoundClasses? = nil,
    memory: Memory? = nil
  ) {
    self.source = source
    self.memory = memory
    found = classes
    self.task = task
    capacity = batchCapacity
    storage = AlignedBuffer(count: batchCapacity * FrozenVersions.countMax)
  }

  /// [versions × batch.count]; `unasked` where a version is not asked.
  package var losses: UnsafePointer<Float> { UnsafePointer(storage.pointer) }

  /// Takes up who is asked now: also on a rank without records, for whoever leads says who counts.
  package func refresh() {
    guard let roll = source.roll(otherThan: edition) else { return }
    edition = roll.edition
    scorers = roll.versions.map { version in
      scorers.first { $0.version.number == version.number }
        ?? Scorer(version: version, predictor: Predictor(version.model, memory: memory, batchCapacity: capacity))
    }
    (versions, serving) = (roll.versions.map(\.number), roll.serving)
  }

  /// - Parameter shares: Whose rows lie in the batch, in their order.
  package func predict(_ batch: FeatureBatch, of shares: [PartitionShare]) {
    for place in scorers.indices { predict(batch, shares, place) }
  }

  private func predict(_ batch: FeatureBatch, _ shares: [PartitionShare], _ place: Int) {
    let losses = storage.pointer + place * batch.count
    let scorer = scorers[place]
    guard shares.contains(where: { mayAsk(scorer.version, $0) }) else {
      for row in 0..<batch.count { losses[row] = Self.unasked }
      return
    }
    scorer.predictor.predict(scorer.version.translation?.run(batch) ?? batch)
    let outputs = scorer.predictor.outputs
    let width = scorer.predictor.outputCount
    learnPlaces(place)
    var row = 0
    for share in shares {
      let isAsked = mayAsk(scorer.version, share)
      for row in row..<(row + Int(share.rows)) {
        guard isAsked, let base = outputs.baseAddress,
          let label = label(batch.labels[row * batch.labelCount], width: width, place)
        else {
          losses[row] = Self.unasked
          continue
        }
        let loss = Float(task.loss(outputs: base + row * width, label: label))
        // No loss is smaller than every number, but one that is no number.
        losses[row] = loss == Self.unasked ? .nan : loss
      }
      row += Int(share.rows)
    }
  }

  /// What it has learned proves nothing about it.
  private func mayAsk(_ version: FrozenVersions.Version, _ share: PartitionShare) -> Bool {
    let partition = Int(share.partition)
    return share.rows > 0
      && (!version.learned.indices.contains(partition) || share.from >= version.learned[partition])
  }

  private func learnPlaces(_ place: Int) {
    guard let found, let own = scorers[place].version.classes else { return }
    let known = scorers[place].places.count
    guard known < found.names.count else { return }
    for name in found.names.dropFirst(known) { scorers[place].places.append(own.firstIndex(of: name) ?? -1) }
  }

  /// A label as the version numbers it; nil: there is none, or it is none of its answers.
  private func label(_ own: Float, width: Int, _ place: Int) -> Float? {
    guard !own.isNaN else { return nil }
    guard case .multiclass = task else { return own }
    let places = scorers[place].places
    let number = places.isEmpty ? Int(own) : places[Int(own)]
    return number >= 0 && number < width ? Float(number) : nil
  }
}
