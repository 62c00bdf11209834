import Arguments
import Foundation
import Pipelines
import Vocabulary

struct StartCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "start", abstract: "Run a pipeline on this machine: database, broker, controller, server, workers.",
      discussion: """
        Goes on from the newest checkpoint if there is one. What is not there is started under .retrain/ and stopped \
        with the run; what ends is started again. Ctrl-C, SIGTERM or a closed terminal stops with a final checkpoint, a second \
        signal at once. Exit code 0 says that everything learned is in a checkpoint; 69 may say that it is not, with \
        the number of records. Every role logs to .retrain/logs/<pipeline>/. A topic that is not there is made, with a \
        word, unless the file says source.create: false. Where the topic no longer holds what comes next, it refuses and \
        names the ways on.

        A file that was edited since is compared with what the model has learned, item by item, before anything runs: what         only adds something goes on with the weights as they are; what would give them another meaning is refused with         exit code 65. --new-lineage begins a new model then, and the version that serves goes on serving.

        --until end        when the stream was read to its end (and no 'feed' on this machine goes on)
        --until 60         after so many seconds
        --until steps:N    at step N of the lineage
        --until promoted   when this run has promoted a version
        """)
  }

  @Argument(help: "The pipeline file, or the name of a registered pipeline.", completion: .file(["yaml", "yml"]))
  var file: String
  @Option(valueName: "n", help: "Worker processes; by default what the pipeline says.") var workers: Int?
  @Option(valueName: "when", help: "End by itself: end, promoted, steps:N or seconds.") var until: RunUntil?
  @Flag(help: "Go on behind records that the broker has removed before they were read, and count them as lost.")
  var skipLost: Bool
  @Flag(help: "The topic was made anew: go on with the model from its first record.") var newStream: Bool
  @Flag(
    help:
      "Begin a new model, from the first record that the topic holds; what was learned is kept, and goes on serving.")
  var newLineage: Bool
  @Option(
    valueName: "host:port",
    help: """
      Where the controller answers /metrics, and worker N at the Nth port behind it; the server does where it serves. \
      off: nowhere. By default each at any free port of 127.0.0.1, which 'status' tells.
      """)
  var metrics: MetricsPlaces?
  @Flag(help: "Go on in the background; 'retrainctl stop' ends it.") var detach: Bool
  @OptionGroup var format: OutputFormat

  func mistakes() -> [String] {
    (workers.map { (1...256).contains($0) ? [] : ["--workers must be 1 to 256, not \($0)"] } ?? [])
      + (newLineage && (newStream || skipLost)
        ? ["--new-lineage reads the topic as it is now, from its first record: leave --new-stream and --skip-lost out"]
        : [])
  }

  private struct Report: Encodable {
    var ending: String
    var run: RunSummary
    /// What the file says otherwise than what was learned before.
    var edits: [SettingEdit]
    var status: PipelineStatus?
  }

  func run() async throws {
    let pipeline = try await PipelineFile.find(file, room: MachineMemory.room(workers: workers))
    if let mistake = metrics?.mistake(workers: workers ?? pipeline.pipeline.training.workers) {
      throw CommandFailure(.usage, mistake)
    }
    pipeline.tellAdvice()
    let house = House()
    if detach { return try await startDetached(pipeline, house) }
    let reporter = RunReporter(isQuiet: format.json)
    let bound = pipeline.pipeline.training.memoryMax.map { "; training.memory_max is \(ModelSize.text($0))" } ?? ""
    reporter.note(ModelSize(pipeline.pipeline).sentence + bound)
    let run = PipelineRun(
      file: pipeline, workers: workers ?? pipeline.pipeline.training.workers, until: until, house: house,
      reporter: reporter, skipsLost: skipLost, beginsNewStream: newStream, beginsNewLineage: newLineage,
      metrics: metrics ?? .loopback)
    let result: PipelineRun.Result
    do { result = try await run.run() } catch {
      reporter.finish()
      throw error
    }
    reporter.finish()
    if format.json {
      try Console.say(
        json: Report(ending: result.ending.sentence, run: result.summary, edits: result.edits, status: result.status))
    } else {
      if let status = result.status {
        let page = StatusPage(status, palette: .standardOutput)
        let columns = Terminal.size(orUnlimited: STDOUT_FILENO).columns
        for line in page.lines(columns: columns) { Console.say(line) }
        Console.say()
      }
      Console.say(result.summary.sentence)
      Console.say("ended: \(result.ending.sentence)")
    }
    if result.ending.exitCode != .ok { throw CommandFailure(result.ending.exitCode, result.ending.sentence) }
  }

  private func startDetached(_ pipeline: PipelineFile, _ house: House) async throws {
    var words = ["start", file]
    if let workers { words += ["--workers", String(workers)] }
    if let until { words += ["--until", until.argumentText] }
    if skipLost { words.append("--skip-lost") }
    if newStream { words.append("--new-stream") }
    if newLineage { words.append("--new-lineage") }
    if let metrics { words += ["--metrics", metrics.argumentText] }
    let name = pipeline.pipeline.name
    if let running = try RunRecord.running(name, in: house) {
      throw CommandFailure(.unavailable, "'\(name)' runs here already: \(running.sentence); 'retrainctl stop' ends it")
    }
    try house.prepare()
    try House.makeFolder(house.logs(name))
    let log = house.logs(name) + "/supervisor.log"
    let child = try ChildProcess(
      arguments: words, environment: Environment.block(changing: [:]),
      log: log, isDetached: true)
    let deadline = Deadline.after(.seconds(180))
    while try RunRecord.running(name, in: house)?.processID != child.processID {
      if let exit = child.exit {
        let code = ExitCode(rawValue: exit.code) ?? .ourFault
        if code == .ok { break }
        throw CommandFailure(code, "'\(name)' ended at once:\n\(LogTail.last(of: log))")
      }
      guard !deadline.hasPassed else { throw CommandFailure(.unavailable, "'\(name)' does not start; see \(log)") }
      try await Task.sleep(for: .milliseconds(50))
    }
    if format.json {
      return try Console.say(json: ["pipeline": name, "process": String(child.processID), "logs": house.logs(name)])
    }
    Console.say("'\(name)' runs as process \(child.processID); logs in \(house.logs(name))")
    Console.say("retrainctl status shows it, retrainctl stop ends it")
  }
}
