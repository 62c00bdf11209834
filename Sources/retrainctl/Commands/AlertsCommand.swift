import Alerts
import Arguments
import Foundation
import Pipelines
import Vocabulary

struct AlertsCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "alerts", abstract: "Look after those who are told of incidents.", subcommands: [AlertsTestCommand.self])
  }
}

struct AlertsTestCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "test", abstract: "Send a test message to each receiver of a pipeline file, now, and say what came of it.",
      discussion: """
        The message is one alert, RetrainTest of the severity notice, that fires; a receiver that is told of ends is then \
        told that it is over. Nothing is written down, and no pipeline need run. Where a receiver does not take it the \
        exit code is 69.
        """)
  }

  @Argument(help: "The pipeline file, or the name of a registered pipeline.", completion: .file(["yaml", "yml"]))
  var pipeline: String
  @Option(valueName: "name", help: "Only this receiver, by its name or its place in the file, from 1 on.")
  var receiver: String?
  @OptionGroup var format: OutputFormat

  private struct Report: Encodable {
    var receiver: String
    /// Without anything that may be a secret.
    var target: String
    var taken: Bool
    var outcome: String
    /// What the receiver itself said.
    var words: String
    var seconds: Double
  }

  func run() async throws {
    let file = try await PipelineFile.find(pipeline)
    file.tellAdvice()
    let all = file.pipeline.alerts
    guard !all.isEmpty else {
      throw CommandFailure(.usage, "'\(file.pipeline.name)' has no receivers: its file has no `alerts:`")
    }
    let chosen = try choose(all)
    // All at once: one that hangs holds nobody else up.
    let name = file.pipeline.name
    let reports = await withTaskGroup(of: (Int, Report).self) { group in
      for (place, settings) in chosen.enumerated() {
        group.addTask { (place, await Self.test(AlertReceiver(settings), pipeline: name)) }
      }
      var reports: [(Int, Report)] = []
      for await report in group { reports.append(report) }
      return reports.sorted { $0.0 < $1.0 }.map(\.1)
    }
    if format.json { try Console.say(json: reports) } else { show(reports) }
    let failed = reports.filter { !$0.taken }
    guard failed.isEmpty else {
      throw CommandFailure(
        .unavailable,
        "\(failed.count) of \(reports.count) receivers did not take the message: "
          + failed.map(\.receiver).joined(separator: ", "))
    }
  }

  private func choose(_ all: [AlertSettings]) throws -> [AlertSettings] {
    guard let receiver else { return all }
    if let named = all.first(where: { $0.effectiveName == receiver }) { return [named] }
    if let place = Int(receiver), all.indices.contains(place - 1) { return [all[place - 1]] }
    let names = all.map(\.effectiveName)
    let near = nearest(to: receiver, among: names).map { "; did you mean \($0)?" } ?? ""
    throw CommandFailure(
      .usage, "there is no receiver '\(receiver)' among \(names.joined(separator: ", "))\(near)")
  }

  private static func test(_ receiver: AlertReceiver, pipeline: String) async -> Report {
    let start = ContinuousClock.now
    let now = Date()
    func deliver(endsAt: Date?) async -> Delivery {
      await receiver.deliver(
        AlertMessage.test(receiver: receiver.name, pipeline: pipeline, now: now, endsAt: endsAt).json)
    }
    var delivery = await deliver(endsAt: nil)
    if delivery.isTaken, receiver.settings.sendResolved { delivery = await deliver(endsAt: now) }
    return Report(
      receiver: receiver.name, target: receiver.settings.shownTarget, taken: delivery.isTaken,
      outcome: delivery.outcome, words: delivery.words, seconds: start.duration(to: .now).seconds)
  }

  private func show(_ reports: [Report]) {
    let palette = Palette.standardOutput
    for report in reports {
      let word = report.taken ? palette.good("taken") : palette.bad("not taken")
      Console.say(
        "\(palette.bold(report.receiver))  \(report.target)  \(word): \(report.outcome) "
          + "(\(Wording.figure(report.seconds, decimals: 1)) s)")
      for line in report.words.split(whereSeparator: \.isNewline) { Console.say("  \(Self.printable(line))") }
    }
  }

  /// Whatever a receiver says must not steer the terminal.
  private static func printable(_ line: Substring) -> String {
    String(
      String.UnicodeScalarView(line.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
  }
}
