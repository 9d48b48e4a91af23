// The CAF type-id block of the runtime: every type that its actors send each other, in three lists
// of the same types (declaration, id, permission). A missing entry fails to compile at the sender.
//
// Messages between the actors of one node are plain structs that share their contents by pointers
// and never leave the process: CAF must not serialize them. Types are only declared here; a file
// that sends or handles one includes the header that defines it.
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/type_id.hpp>

namespace millrace {
struct TaskMessage;
struct TickMessage;
}  // namespace millrace

namespace millrace::queues {
struct AbandonMessage;
struct AttachMessage;
struct AttachReply;
struct BeginMessage;
struct BodiesMessage;
struct ClaimMessage;
struct ClaimedMessage;
struct CompactMessage;
struct CompactStepMessage;
struct CommitMessage;
struct CompleteMessage;
struct DrainMessage;
struct ExplainMessage;
struct ExplainReply;
struct ExtendMessage;
struct FlushMessage;
struct FlushedReply;
struct QuiesceMessage;
struct QuiescedReply;
struct GrantMessage;
struct InspectMessage;
struct InstallMessage;
struct KeyMessage;
struct KeyReply;
struct LostMessage;
struct OfferMessage;
struct OfferReply;
struct OutcomesMessage;
struct PageMessage;
struct PageReply;
struct PauseMessage;
struct PauseReply;
struct PressureMessage;
struct QueueStatus;
struct ReadMessage;
struct ReadyMessage;
struct RecallMessage;
struct ReleaseMessage;
struct RemoveMessage;
struct RemoveReply;
struct ResumeMessage;
struct RetireMessage;
struct RewiredMessage;
struct SnapshotMessage;
struct SubscribeMessage;
struct TopicMessage;
struct UnclaimMessage;
struct WakeMessage;
struct ServeMessage;
}  // namespace millrace::queues

namespace millrace::forwarders {
struct GiveBackMessage;
struct LinkMessage;
struct RetargetMessage;
struct WritableMessage;
}  // namespace millrace::forwarders

namespace millrace::receivers {
struct AddSourceMessage;
struct DropSourceMessage;
struct ExternalAskMessage;
struct ExternalCancelMessage;
struct ExternalExtendMessage;
struct ExternalOutcomesMessage;
struct ExternalReleaseMessage;
struct IdleMessage;
struct RestartMessage;
struct RunMessage;
struct WatchMessage;
struct WindowMessage;
}  // namespace millrace::receivers

namespace millrace::senders {
struct AnswerMessage;
struct AskMessage;
struct WakeMessage;
}  // namespace millrace::senders

CAF_BEGIN_TYPE_ID_BLOCK(millrace, first_custom_type_id)
  CAF_ADD_TYPE_ID(millrace, (millrace::TaskMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::TickMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::forwarders::GiveBackMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::forwarders::LinkMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::forwarders::RetargetMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::forwarders::WritableMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::AbandonMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::AttachMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::AttachReply))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::BeginMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::BodiesMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::ClaimMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::ClaimedMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::CompactMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::CompactStepMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::CommitMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::CompleteMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::DrainMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::ExplainReply))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::ExplainMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::ExtendMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::FlushMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::FlushedReply))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::QuiesceMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::QuiescedReply))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::GrantMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::InspectMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::InstallMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::KeyMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::KeyReply))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::LostMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::OfferMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::OfferReply))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::OutcomesMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::PageMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::PageReply))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::PauseMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::PauseReply))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::PressureMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::QueueStatus))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::ReadMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::ReadyMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::RecallMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::ReleaseMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::RemoveMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::RemoveReply))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::ResumeMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::RetireMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::RewiredMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::SnapshotMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::SubscribeMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::TopicMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::UnclaimMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::WakeMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::queues::ServeMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::receivers::AddSourceMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::receivers::DropSourceMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::receivers::ExternalAskMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::receivers::ExternalCancelMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::receivers::ExternalExtendMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::receivers::ExternalOutcomesMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::receivers::ExternalReleaseMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::receivers::IdleMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::receivers::RestartMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::receivers::RunMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::receivers::WatchMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::receivers::WindowMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::senders::AnswerMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::senders::AskMessage))
  CAF_ADD_TYPE_ID(millrace, (millrace::senders::WakeMessage))
CAF_END_TYPE_ID_BLOCK(millrace)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::TaskMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::TickMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::forwarders::GiveBackMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::forwarders::LinkMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::forwarders::RetargetMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::forwarders::WritableMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::AbandonMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::AttachMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::AttachReply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::BeginMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::BodiesMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::ClaimMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::ClaimedMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::CompactMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::CompactStepMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::CommitMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::CompleteMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::DrainMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::ExplainReply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::ExplainMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::ExtendMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::FlushMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::FlushedReply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::QuiesceMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::QuiescedReply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::GrantMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::InspectMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::InstallMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::KeyMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::KeyReply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::LostMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::OfferMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::OfferReply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::OutcomesMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::PageMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::PageReply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::PauseMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::PauseReply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::PressureMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::QueueStatus)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::ReadMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::ReadyMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::RecallMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::ReleaseMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::RemoveMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::RemoveReply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::ResumeMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::RetireMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::RewiredMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::SnapshotMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::SubscribeMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::TopicMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::UnclaimMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::WakeMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::queues::ServeMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::receivers::AddSourceMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::receivers::DropSourceMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::receivers::ExternalAskMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::receivers::ExternalCancelMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::receivers::ExternalExtendMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::receivers::ExternalOutcomesMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::receivers::ExternalReleaseMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::receivers::IdleMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::receivers::RestartMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::receivers::RunMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::receivers::WatchMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::receivers::WindowMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::senders::AnswerMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::senders::AskMessage)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(millrace::senders::WakeMessage)
