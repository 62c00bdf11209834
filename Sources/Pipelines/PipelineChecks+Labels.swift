// Ranges of labels that their task has no use for.
extension PipelineChecks {
  func checkLabelRanges() {
    guard reader.trusts("model"), reader.trusts("schema.label") else { return }
    for (place, head) in pipeline.heads.enumerated() {
      guard let clip = head.label.clip else { continue }
      let path = place == 0 ? "schema.label.clip" : "model.heads[\(place - 1)].clip"
      if place == 0, head.task != .regression {
        note(
          path, "the labels of the task \(head.task.rawValue) are classes, and lie in no range",
          "leave it out, or write `task: regression`")
      } else if head.effectiveLoss.kind == .poisson, clip.lowerBound < 0 {
        note(path, "the range leads below 0, and poisson is the loss of counts", "write 0 or more as the lowest value")
      }
    }
  }
}
