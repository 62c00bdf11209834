// What workers say to each other, and what is asked of all of them together.
extension PipelineChecks {
  func checkGroup() {
    guard reader.trusts("group"), reader.trusts("training") else { return }
    if pipeline.group.gradients == .bfloat16, pipeline.training.reproducible {
      note(
        "group.gradients",
        "`gradients: bfloat16` contradicts `training.reproducible: true`: what rounding takes from a sum depends on who "
          + "holds which partitions", "write float32, or leave reproducible out")
    }
  }
}
