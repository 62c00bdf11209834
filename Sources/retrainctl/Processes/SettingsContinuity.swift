import Foundation
import Pipelines
import Registry
import Rollouts
import Vocabulary

/// Whether the model goes on under the pipeline file as it is now: what each edit means, before anything runs.
struct SettingsContinuity {
  let file: PipelineFile
  let registry: Registry

  private var name: String { file.pipeline.name }

  /// What was learned so far, and what the file says otherwise.
  struct Finding {
    let record: PipelineRecord
    let newest: CheckpointRecord
    /// The version that serves.
    let stable: Int64?
    let edits: [SettingEdit]
    /// One sentence an edit, with its place in both files.
    let sentences: [PipelineMistake]
    /// The file's pipeline, with what it leaves open as the model that goes on has it.
    let following: Pipeline

    /// Records were read, not one of them could be learned, and the file says something else by now: there is nothing to go
    /// on from, and those records are what it was edited for. Where a new model begins at the topic's end they would be lost.
    var learnedNothing: Bool {
      !edits.isEmpty && following.source.start == .earliest && newest.progress.allSatisfy { $0.trained == 0 }
        && newest.progress.contains { $0.rejected > 0 }
    }
  }

  /// What is to run, once it is settled.
  struct Settled {
    /// What the file says otherwise than what was learned before; none in a new pipeline.
    var edits: [SettingEdit] = []
    /// The checkpoint that the run goes on from; nil: it begins anew.
    var newest: CheckpointRecord?
    /// The file's pipeline, with what it leaves open as the model that goes on has it.
    var pipeline: Pipeline
  }

  /// - Parameter adopts: Whether checkpoints that are older than contracts get one for good; else nothing is written.
  /// - Returns: nil: nothing was learned yet, or nobody knows any more under which contract.
  func finding(adopts: Bool = true) async throws -> Finding? {
    guard let record = try await registry.pipeline(named: name),
      let newest = try await registry.newestCheckpoint(pipeline: record.id)
    else { return nil }
    // Which secrets it names does not matter here, nor what they are.
    let before = try? PipelineParser.parse(text: record.specification, fileName: "") {
      Environment.value(of: $0) ?? "0"
    }.following(nil)
    if adopts, newest.contract == nil, let before {
      try await registry.adoptContract(pipeline: record.id, text: DataContract(before).text)
    }
    let contract = try await registry.contract(ofCheckpoint: newest.id)
    guard var old = before ?? (contract == nil ? nil : file.pipeline) else { return nil }
    let learned = try contract.map { try DataContract(text: $0.text) }
    if let learned { old = old.under(learned) }
    let edits = file.pipeline.edits(since: old)
    let stable = try await registry.versionsInPlay(pipeline: record.id).first { $0.state == .stable }?.number
    return Finding(
      record: record, newest: newest, stable: stable, edits: edits,
      sentences: sentences(edits, contract?.specification ?? record.specification, record.specification, stable),
      following: file.pipeline.following(learned))
  }

  private func sentences(
    _ edits: [SettingEdit], _ learned: String, _ registered: String, _ stable: Int64?
  ) -> [PipelineMistake] {
    guard !edits.isEmpty else { return [] }
    let now = PipelineParser.places(in: file.text)
    let (learned, registered) = (PipelineParser.places(in: learned), PipelineParser.places(in: registered))
    let serving = stable.map { ", while version \($0) goes on serving" } ?? ""
    return edits.map { edit in
      let isOfMeaning = ["schema.", "model."].contains { edit.setting.hasPrefix($0) }
      let line = (isOfMeaning ? learned : registered).place(of: edit.oldPath).line
      let problem =
        switch (edit.old, edit.new) {
        case (let old?, let new?):
          "\(edit.setting) was \(old) (line \(line) of the file then) and is \(new): \(edit.meaning)"
        case (nil, let new?): "\(edit.setting) is new (\(new)): \(edit.meaning)"
        case (let old?, nil): "\(edit.setting) is gone (\(old), line \(line) of the file then): \(edit.meaning)"
        case (nil, nil): "\(edit.setting) is another: \(edit.meaning)"
        }
      let place = now.place(of: edit.newPath)
      return PipelineMistake(
        file: file.name, line: place.line, column: place.column, problem: problem,
        remedy: edit.effect == .changes
          ? "write it as it was, or begin a new model with 'retrainctl start \(file.name) --new-lineage'\(serving)"
          : edit.effect.rawValue)
    }
  }

  /// Tells every edit, and begins anew where that is wanted.
  ///
  /// - Parameter isMadeAnew: Whether the topic of now is another than the one that was learned from, where it begins anew; nil: nobody can
  ///   say.
  /// - Throws: `PipelineMistakes` where the file would give the weights another meaning, and nobody said to begin anew.
  func settle(
    beginsAnew: Bool, isMadeAnew: (PipelineRecord) async throws -> Bool?, tell: (String) -> Void
  ) async throws -> Settled {
    guard let finding = try await finding() else {
      // Of what was learned nobody may know the meaning any more: then it goes on as before there were contracts.
      guard let record = try await registry.pipeline(named: name),
        let newest = try await registry.newestCheckpoint(pipeline: record.id)
      else {
        if beginsAnew { tell("note: '\(name)' has learned nothing yet: it begins as it is") }
        return Settled(pipeline: file.pipeline)
      }
      if beginsAnew {
        let lineage = try await beginLineage(record, isMadeAnew, tell)
        tell(
          "note: '\(name)' begins anew (lineage \(lineage)); what it has learned under a file that nobody has is kept")
        return Settled(pipeline: file.pipeline)
      }
      return Settled(newest: newest, pipeline: file.pipeline.following(nil))
    }
    if beginsAnew || finding.learnedNothing {
      let lineage = try await beginLineage(finding.record, isMadeAnew, tell)
      let step = "step \(Wording.count(finding.newest.step))"
      tell(
        "note: '\(name)' begins anew (lineage \(lineage)); "
          + (finding.learnedNothing
            ? "not one of its records could be learned under the file as it was, and all are read again"
            : "what it has learned up to \(step) is kept")
          + (finding.stable.map { ", and version \($0) goes on serving" } ?? ""))
      try await write("lineage_begun", finding, key: "lineage \(lineage)")
      return Settled(edits: finding.edits, pipeline: file.pipeline)
    }
    if let lineage = try await registry.lineage(finding.record.lineage, pipeline: finding.record.id) {
      tell("note: \(lineage.sentence)")
    }
    let pairs = zip(finding.edits, finding.sentences)
    for (_, sentence) in pairs.filter({ $0.0.effect != .changes }) {
      tell("note: \(sentence.file):\(sentence.line):\(sentence.column): \(sentence.problem) (\(sentence.remedy))")
    }
    let refused = pairs.filter { $0.0.effect == .changes }.map(\.1)
    guard refused.isEmpty else { throw PipelineMistakes(mistakes: refused) }
    if !finding.edits.isEmpty {
      try await write(
        "pipeline_edited", finding,
        key: "edited after \(finding.newest.id) to \(ContractRecord.fingerprint(of: file.text))")
    }
    return Settled(edits: finding.edits, newest: finding.newest, pipeline: finding.following)
  }

  /// A model without a past. What was forgotten of the topic stays forgotten; in one that was made anew since, other records lie there.
  private func beginLineage(
    _ record: PipelineRecord, _ isMadeAnew: (PipelineRecord) async throws -> Bool?, _ tell: (String) -> Void
  ) async throws -> Int {
    let count = try await registry.forgotten(pipeline: record.id).reduce(0) { $0 + $1.count }
    guard count > 0 else { return try await registry.beginLineage(pipeline: record.id) }
    let isOther = try await isMadeAnew(record)
    let lineage = try await registry.beginLineage(pipeline: record.id, isSameTopic: isOther != true)
    let offsets = Wording.count(count, "offset") + (count == 1 ? " that was forgotten" : " that were forgotten")
    switch isOther {
    case true?: tell("note: the topic was made anew since \(offsets): nothing is left out of it")
    case false?: tell("note: \(offsets) \(count == 1 ? "is" : "are") left out of it")
    case nil:
      tell(
        "note: \(offsets) \(count == 1 ? "is" : "are") left out of it; nobody can tell whether the topic was made anew since: "
          + "where it was, other records lie there, and are left out too")
    }
    return lineage
  }

  /// Into the journal of what happened, once.
  private func write(_ kind: String, _ finding: Finding, key: String) async throws {
    var details = Dictionary(
      zip(finding.edits, finding.sentences).map { ($0.setting, $1.problem + " (\($0.effect.rawValue))") }
    ) { first, _ in first }
    details["checkpoint"] = String(finding.newest.id)
    _ = try await registry.openIncident(
      pipeline: finding.record.id,
      IncidentDraft(
        key: key, kind: kind, severity: .notice, step: finding.newest.step, details: IncidentDraft.details(details)))
  }
}
