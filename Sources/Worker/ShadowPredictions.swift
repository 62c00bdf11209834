package import Evaluation
package import Learning
package import Tensors

/// The step thread's end of the stable shadow: the stable version's loss on each row of the batch.
package final class ShadowPredictions {
  private let source: StableShadow
  private let task: EvaluationTask
  private let storage: AlignedBuffer<Float>
  private var current: (loaded: StableShadow.Loaded, predictor: Predictor)?
  private let memory: Memory?
  /// The classes that the learner has found; nil: they are listed, and each has the place that the version gives it.
  private let found: FoundClasses?
  /// By class of the learner: the version's place of it; −1: it has none.
  private var places: [Int] = []

  /// - Parameter memory: The learner's: the version reads what the learner reads, as it was before the records of the batch. nil:
  ///   nothing is remembered.
  package init(
    source: StableShadow, task: EvaluationTask, batchCapacity: Int, classes: FoundClasses? = nil, memory: Memory? = nil
  ) {
    self.source = source
    self.memory = memory
    found = classes
    self.task = task
    storage = AlignedBuffer(count: batchCapacity)
  }

  /// The version whose losses are given; 0: none.
  package var version: Int64 { current?.loaded.version ?? 0 }

  /// [batch.count]; NaN where there is no version or no label.
  package var losses: UnsafePointer<Float> { UnsafePointer(storage.pointer) }

  /// Takes up the version that is stable now: also on a rank without records, for whoever leads says which one is compared.
  package func refresh() {
    guard let loaded = source.loaded(otherThan: version) else { return }
    current = (loaded, Predictor(loaded.model, memory: memory, batchCapacity: storage.count))
    places.removeAll(keepingCapacity: true)
  }

  package func predict(_ batch: FeatureBatch) {
    guard let (current, predictor) = current else {
      for row in 0..<batch.count { storage.pointer[row] = .nan }
      return
    }
    predictor.predict(current.translation?.run(batch) ?? batch)
    let outputs = predictor.outputs
    let width = predictor.outputCount
    if let found, let own = current.classes, places.count < found.names.count {
      for name in found.names.dropFirst(places.count) { places.append(own.firstIndex(of: name) ?? -1) }
    }
    for row in 0..<batch.count {
      // A class that the version does not know is none of its answers.
      guard let label = label(batch.labels[row * batch.labelCount], width: width), let base = outputs.baseAddress else {
        storage.pointer[row] = .nan
        continue
      }
      storage.pointer[row] = Float(task.loss(outputs: base + row * width, label: label))
    }
  }

  /// A label as the version numbers it; nil: there is none.
  private func label(_ own: Float, width: Int) -> Float? {
    guard !own.isNaN else { return nil }
    guard case .multiclass = task else { return own }
    let place = places.isEmpty ? Int(own) : places[Int(own)]
    return place >= 0 && place < width ? Float(place) : nil
  }
}
