import Arguments
import Foundation

/// What is learned otherwise than the file says.
struct LearningOptions: ArgumentGroup {
  @Option(valueName: "x", help: "Instead of training.optimizer.learning_rate, until the file says another.")
  var learningRate: Double?
  @Option(valueName: "x", help: "Instead of training.clip_global_norm, until the file says another.")
  var clipNorm: Double?

  var mistakes: [String] {
    [("--learning-rate", learningRate, 100), ("--clip-norm", clipNorm, 1e9)].compactMap { name, value, most in
      value.flatMap {
        $0 > 0 && $0 <= most ? nil : "\(name) must be above 0 and at most \(Wording.measure(most)), not \($0)"
      }
    }
  }
}

/// Who decides, and why.
struct DecisionOptions: ArgumentGroup {
  @Option(valueName: "text", help: "Why, for whoever reads of it later.") var reason: String?
  @Option(name: "by", valueName: "name", help: "Who decides; by default who is logged in.") var person: String?

  var actor: String { person ?? NSUserName() }
}
