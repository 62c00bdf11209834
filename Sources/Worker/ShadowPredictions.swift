package import Evaluation
import Learning
package import Tensors

/// The step thread's end of the stable shadow: the stable version's loss on each row of the batch.
package final class ShadowPredictions {
  private let source: StableShadow
  private let task: EvaluationTask
  private let storage: AlignedBuffer<Float>
  private var current: StableShadow.Loaded?

  package init(source: StableShadow, task: EvaluationTask, batchCapacity: Int) {
    self.source = source
    self.task = task
    storage = AlignedBuffer(count: batchCapacity)
  }

  /// The version whose losses are given; 0: none.
  package var version: Int64 { current?.version ?? 0 }

  /// [batch.count]; NaN where there is no version or no label.
  package var losses: UnsafePointer<Float> { UnsafePointer(storage.pointer) }

  package func predict(_ batch: FeatureBatch) {
    if let loaded = source.loaded(otherThan: version) { current = loaded }
    guard let current else {
      for row in 0..<batch.count { storage.pointer[row] = .nan }
      return
    }
    current.predictor.predict(current.translation?.run(batch) ?? batch)
    let outputs = current.predictor.outputs
    let width = current.predictor.outputCount
    for row in 0..<batch.count {
      let label = batch.labels[row * batch.labelCount]
      // A class that was found later is none of the version's.
      guard !label.isNaN, width == 1 || Int(label) < width, let base = outputs.baseAddress else {
        storage.pointer[row] = .nan
        continue
      }
      storage.pointer[row] = Float(task.loss(outputs: base + row * width, label: label))
    }
  }
}
