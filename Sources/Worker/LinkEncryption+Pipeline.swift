import Collectives
import Pipelines

extension LinkEncryption {
  init(_ setting: GroupSettings.Encryption) {
    switch setting {
    case .none: self = .none
    case .tls: self = .tls
    }
  }
}
