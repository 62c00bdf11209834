import Arguments
import Foundation
import Kafka
import Pipelines
import Registry
import Vocabulary

struct DeleteCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "delete", abstract: "Remove a pipeline with all it remembers; with --topics its topics too.",
      discussion: """
        Checkpoints, versions, journal, incidents: all is gone. It must be stopped. With --topics the source topic and \
        the dead-letter topic are deleted with their records. Asks first, unless --yes.
        """)
  }

  @Argument(help: "The pipeline's name, or its file.", completion: .file(["yaml", "yml"])) var pipeline: String
  @Flag(help: "Delete the source topic and the dead-letter topic too.") var topics: Bool
  @Flag(help: "A pipeline that is not there is no mistake.") var ifExists: Bool
  @Flag(short: "y", help: "Do not ask.") var yes: Bool
  @OptionGroup var format: OutputFormat

  private struct Report: Encodable {
    var pipeline: String
    var deleted: Bool
    var topics: [String]
  }

  func run() async throws {
    let file = PipelineFile.isPath(pipeline) ? try PipelineFile(path: pipeline) : nil
    let name = file?.pipeline.name ?? pipeline
    guard DatabaseAccess.canEnter || !ifExists else { return try await finish(name, false, file) }
    let (isDeleted, stored) = try await withRegistry(for: "delete", creates: true) { registry in
      guard let record = try await registry.pipeline(named: name) else {
        guard ifExists else {
          let names = try await registry.pipelines().map(\.name)
          throw CommandFailure.noPipeline(name, among: names)
        }
        return (false, PipelineFile?.none)
      }
      let isRunning = try RunRecord.running(name, in: House()) != nil
      let members = try await registry.members(pipeline: record.id, silence: .seconds(5))
      guard !isRunning, members.isEmpty else {
        throw CommandFailure(.unavailable, "'\(name)' runs; 'retrainctl stop' first")
      }
      let what = topics ? "its versions and its topics" : "and its versions"
      guard yes || Console.confirm("remove '\(name)', \(what), for good?") else {
        throw CommandFailure(.usage, "nothing was removed: say yes, or --yes")
      }
      let stored = topics && file == nil ? try PipelineFile(text: record.specification, name: name) : nil
      try await registry.deletePipeline(record.id)
      return (true, stored)
    }
    try await finish(name, isDeleted, file ?? stored)
  }

  private func finish(_ name: String, _ isDeleted: Bool, _ file: PipelineFile?) async throws {
    var deleted: [String] = []
    if topics, let source = file?.pipeline.source {
      let broker = try BrokerAccess.enter(pipelineBrokers: source.brokers)
      defer { try? broker.leave() }
      let maker = TopicMaker(
        KafkaConfiguration(brokers: broker.addresses, properties: source.librdkafka, clientID: "retrainctl-delete"))
      for topic in [source.topic, source.effectiveDeadLetterTopic] {
        // The one in memory does not even answer that it cannot.
        if !broker.isInMemory, try await maker.delete(topic) {
          deleted.append(topic)
        } else {
          Console.complain("note: the broker in memory cannot delete the topic \(topic); it forgets all when it stops")
        }
      }
    }
    if format.json { return try Console.say(json: Report(pipeline: name, deleted: isDeleted, topics: deleted)) }
    Console.say(isDeleted ? "'\(name)' was removed" : "'\(name)' was not there")
    for topic in deleted { Console.say("the topic \(topic) was deleted") }
  }
}
