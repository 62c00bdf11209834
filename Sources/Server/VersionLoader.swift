import Confinement
import Foundation
import Learning
import Pipelines

/// A version that cannot be put to use.
struct VersionError: Error, CustomStringConvertible {
  let description: String
}

/// Makes a stored checkpoint ready to answer.
struct VersionLoader: Sendable {
  let pipeline: Pipeline
  /// Encoders that the pipeline does not describe.
  var further: [any EncoderPlan] = []

  /// Reads the parameters once and builds a predictor over them for each answering thread, off the cooperative pool; each
  /// predicts once, so that the first request finds everything warm.
  ///
  /// - Parameter contract: `DataContract.text` of what it was learned under, whatever the pipeline says by now; nil: as the
  ///   pipeline says.
  /// - Throws: `LearningError` for a state of another spec; `ContractError`; `VersionError` for one with a parameter that
  ///   is not a number.
  func load(_ number: Int64, state: [UInt8], contract: String?) async throws -> LoadedVersion {
    let (today, further) = (pipeline, further)
    let pipeline = try contract.map { today.under(try DataContract(text: $0)) } ?? today.following(nil)
    return try await onDedicatedThread(named: "load version") {
      let spec = LearnerSpec(pipeline)
      let model: FrozenModel =
        further.isEmpty
        ? try FrozenModel(spec: spec, state: state)
        : .network(try ModelParameters(spec: spec, state: state, further: further))
      if let layer = model.firstNonFiniteParameter() {
        throw VersionError(description: "version \(number) has a non-finite parameter in \(layer)")
      }
      let scorers = (0..<max(1, pipeline.serving.threads)).map { _ in
        Predictor(model, batchCapacity: min(LoadedVersion.sliceRows, pipeline.serving.rowsMax))
      }
      let version = LoadedVersion(number: number, pipeline: pipeline, scorers: scorers)
      version.warmUp()
      return version
    }
  }
}
