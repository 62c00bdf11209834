/// How much memory there is for the workers that are to run.
public struct MemoryRoom: Sendable, Hashable {
  /// Bytes that all of them may have together; `training.memory_max` goes before.
  public let bytes: Int
  /// Whose bound that is, as in "this machine has".
  public let words: String
  /// nil: as many as the file says.
  public let workers: Int?

  public init(bytes: Int, words: String = "this machine has", workers: Int? = nil) {
    self.bytes = bytes
    self.words = words
    self.workers = workers
  }
}

extension PipelineChecks {
  /// Whether the model has a place to be.
  func checkSize() {
    guard reader.trusts("model"), reader.trusts("schema.features"), reader.trusts("training"), reader.trusts("source")
    else { return }
    let size = ModelSize(pipeline)
    let features = pipeline.schema.features
    let largest = features.indices.filter { !features[$0].type.isNumeric }
      .max { features[$0].tableRows * features[$0].dimension < features[$1].tableRows * features[$1].dimension }
    let path = largest.map { "schema.features[\($0)].buckets" } ?? "model.hidden"
    if size.tableRows > ModelSize.tableRowsMax {
      return note(
        path, "the features have \(size.tableRows) buckets together, and there are \(ModelSize.tableRowsMax) at most",
        "write fewer `buckets`")
    }
    guard let room else { return }
    let asked = pipeline.training.memoryMax
    let (bound, words) = asked.map { ($0, "training.memory_max is") } ?? (room.bytes, room.words)
    let workers = room.workers ?? pipeline.training.workers
    let group = pipeline.training.workers
    let together = size.bytes(workers: workers, of: group)
    guard together > bound else { return }
    note(
      path,
      "\(workers == 1 ? "a worker needs" : "\(workers) workers need") \(ModelSize.text(together)) at least "
        + "(\(size.parts)), and \(words) \(ModelSize.text(bound))",
      remedy(largest.map { features[$0] }, size, workers: workers, fits: size.bytes(workers: 1, of: group) <= bound))
  }

  private func remedy(_ largest: FeatureSettings?, _ size: ModelSize, workers: Int, fits: Bool) -> String {
    let shrink =
      size.waitingBytes > workers * size.workerBytes
      ? "write fewer `source.partitions`, or a smaller `keys_max` where there are maps and texts"
      : largest.map { "write fewer `buckets` or a smaller `dimension` for `\($0.name)`, or narrower layers" }
        ?? "write narrower layers, or fewer `\(pipeline.training.stepKey)`"
    return workers > 1 && fits
      ? "let fewer workers share the work of this machine (--workers says how many), or \(shrink)" : shrink
  }
}
