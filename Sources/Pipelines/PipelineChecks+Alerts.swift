import Vocabulary

extension PipelineChecks {
  /// A receiver that is none or two, a program that nobody finds, and two of one name.
  func checkAlerts() {
    guard reader.trusts("alerts") else { return }
    var seen: Set<String> = []
    for (index, alert) in pipeline.alerts.enumerated() {
      let path = "alerts[\(index)]"
      switch (alert.webhook != nil, !alert.command.isEmpty) {
      case (true, true):
        note("\(path).command", "one receiver has a webhook and a command", "make two receivers of them")
        continue
      case (false, false):
        note(path, "the receiver has neither a webhook nor a command", "give it one of them")
        continue
      default: break
      }
      if let program = alert.command.first, !program.hasPrefix("/") {
        note(
          "\(path).command[0]", "the program of a command is looked for nowhere",
          "write its whole path, from the first / on")
      }
      if alert.repeatInterval < alert.groupInterval {
        note(
          reader.gives("\(path).repeat_interval") ? "\(path).repeat_interval" : "\(path).group_interval",
          "repeat_interval is shorter than group_interval, and no message comes sooner than that",
          "make repeat_interval the longer one")
      }
      if !seen.insert(alert.effectiveName).inserted {
        note(
          reader.gives("\(path).name") ? "\(path).name" : path,
          "two receivers are called `\(shortened(alert.effectiveName))`", "give one of them another `name`")
      }
    }
  }
}
