package dev.nippush.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nippush.testkit.Gateway.Ability;
import dev.nippush.testkit.Gateway.Answer;
import dev.nippush.transport.Notification;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.DeviceGone;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.Rejected;
import dev.nippush.transport.PushResult.RetryAfter;
import dev.nippush.transport.PushResult.Scope;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** How a send ends: what each answer of a provider means, and what silence is. */
abstract class EndingClauses extends TransportExam {

    private static final Duration DELAY = Duration.ofSeconds(7);

    EndingClauses() {}

    @Test
    @DisplayName("What the provider takes is accepted, and sent once")
    protected final void takenMessageIsAccepted() {
        assertThat(sendTo(0)).isEqualTo(PushResult.accepted());
        assertThat(provider().received().size()).isEqualTo(1);
    }

    @Test
    @DisplayName("A temporary failure is left to the engine's backoff, and not tried again here")
    protected final void temporaryFailureIsRetriedByTheEngine() {
        needs(Ability.TEMPORARY_FAILURE);
        answer(0, new Answer.TemporaryFailure(Optional.empty()));

        assertThat(retryAfter(sendTo(0)).delay()).isEmpty();
        assertThat(provider().received().size()).isEqualTo(1);
    }

    @Test
    @DisplayName("A temporary failure is the trouble of the server that answered, not of the device")
    protected final void temporaryFailureIsTheServers() {
        needs(Ability.TEMPORARY_FAILURE);
        answer(0, new Answer.TemporaryFailure(Optional.empty()));

        assertThat(retryAfter(sendTo(0)).scope()).isEqualTo(Scope.SERVER);
    }

    @Test
    @DisplayName("A delay that the provider names is passed on")
    protected final void delayIsPassedOn() {
        needs(Ability.RETRY_AFTER);
        answer(0, new Answer.TemporaryFailure(Optional.of(DELAY)));

        assertThat(retryAfter(sendTo(0)).delay()).contains(DELAY);
        assertThat(provider().received().size()).isEqualTo(1);
    }

    @Test
    @DisplayName("When the provider has had too many for a device, that device waits")
    protected final void deviceLimitHoldsUpTheDevice() {
        needs(Ability.DEVICE_LIMIT);
        answer(0, new Answer.DeviceLimit(namedDelay()));

        assertLimited(sendTo(0), Scope.DEVICE);
        assertThat(sendTo(1)).isEqualTo(PushResult.accepted());
    }

    @Test
    @DisplayName("When the provider has had too many from us, all that we send waits")
    protected final void senderLimitHoldsUpTheSender() {
        needs(Ability.SENDER_LIMIT);
        answer(0, new Answer.SenderLimit(namedDelay()));

        assertLimited(sendTo(0), Scope.SENDER);
    }

    @Test
    @DisplayName("A device that the provider knows no more is gone, and no date is made up")
    protected final void unknownDeviceIsGone() {
        needs(Ability.GONE);
        answer(0, new Answer.Gone(Optional.empty()));

        assertThat(sendTo(0)).isEqualTo(PushResult.deviceGone());
    }

    @Test
    @DisplayName("A device is gone since the provider's date")
    protected final void deviceIsGoneSinceTheProvidersDate() {
        needs(Ability.GONE_SINCE);
        Instant since = Instant.now().minus(3, ChronoUnit.DAYS).truncatedTo(ChronoUnit.SECONDS);
        answer(0, new Answer.Gone(Optional.of(since)));

        assertThat(sendTo(0)).isEqualTo(PushResult.deviceGone(since));
    }

    @Test
    @DisplayName("A message that the provider refuses is the message's fault")
    protected final void refusedMessageIsTheMessagesFault() {
        needs(Ability.MESSAGE_REFUSED);
        answer(0, new Answer.MessageRefused());

        assertRejected(sendTo(0), Fault.MESSAGE);
    }

    @Test
    @DisplayName("An address that the provider refuses is the device's fault, and does not make it gone")
    protected final void refusedDeviceIsTheDevicesFault() {
        needs(Ability.DEVICE_REFUSED);
        answer(0, new Answer.DeviceRefused());

        assertRejected(sendTo(0), Fault.DEVICE);
    }

    @Test
    @DisplayName("Refused credentials are our fault, and make no device gone")
    protected final void refusedCredentialsAreOurFault() {
        needs(Ability.CREDENTIALS_REFUSED);
        answer(0, new Answer.CredentialsRefused());

        assertRejected(sendTo(0), Fault.CREDENTIALS);
    }

    @Test
    @DisplayName("An answer about one device says nothing of the next")
    protected final void answersAreAboutOneDevice() {
        needs(Ability.GONE);
        answer(0, new Answer.Gone(Optional.empty()));

        assertThat(sendTo(0)).isInstanceOf(DeviceGone.class);
        assertThat(sendTo(1)).isEqualTo(PushResult.accepted());
    }

    @Test
    @DisplayName("A message that is of no use any more ends with a result")
    protected final void expiredMessageEnds() {
        Instant past = Instant.now().minus(1, ChronoUnit.HOURS);

        PushResult result =
                send(new PushMessage(device(0), Notification.message("title", "body", "thread"), key(), past));

        if (!result.equals(PushResult.accepted())) {
            assertRejected(result, Fault.MESSAGE);
        }
        assertThat(provider().received().all())
                .allSatisfy(received -> assertThat(received.expiresAt().orElse(past))
                        .isBefore(Instant.now().plusSeconds(15)));
    }

    @Test
    @DisplayName("A connection that is cut before the answer is silence, not a result")
    protected final void lostConnectionIsSilence() {
        needs(Ability.CONNECTION_LOSS);
        answer(0, new Answer.Drop());

        assertSilent(open(messageTo(0)));
    }

    @Test
    @DisplayName("After a lost connection the next message arrives")
    protected final void recoversFromLostConnection() {
        needs(Ability.CONNECTION_LOSS);
        answer(0, new Answer.Drop());
        isSilent(open(messageTo(0)));

        answer(0, new Answer.Accept());

        assertAcceptedInTheEnd(0);
    }

    @Test
    @DisplayName("A provider that cannot be reached is silence, and keeps nobody waiting")
    protected final void unreachableProviderIsSilence() {
        needs(Ability.CONNECTION_LOSS);
        List<PushMessage> messages = messages(20);
        provider().close();

        List<CompletableFuture<PushResult>> results = openPromptly(messages);

        assertAllSilent(results);
    }

    @Test
    @DisplayName("An answer that does not come within 30 s is silence")
    protected final void missingAnswerIsSilence() {
        needs(Ability.HANG);
        List<PushMessage> messages = messages(3);
        messages.forEach(message -> provider().answer(message.address(), new Answer.Hang()));

        List<CompletableFuture<PushResult>> results =
                messages.stream().map(this::open).toList();

        provider().received().await(messages.size());
        assertAllSilent(results);
    }

    private Optional<Duration> namedDelay() {
        return can(Ability.RETRY_AFTER) ? Optional.of(DELAY) : Optional.empty();
    }

    private void assertLimited(PushResult result, Scope scope) {
        RetryAfter retry = retryAfter(result);
        assertThat(retry.scope()).isEqualTo(scope);
        if (can(Ability.RETRY_AFTER)) {
            assertThat(retry.delay()).contains(DELAY);
        }
    }

    private static RetryAfter retryAfter(PushResult result) {
        assertThat(result).isInstanceOf(RetryAfter.class);
        return (RetryAfter) result;
    }

    private static void assertRejected(PushResult result, Fault fault) {
        assertThat(result)
                .isInstanceOfSatisfying(
                        Rejected.class, rejected -> assertThat(rejected.fault()).isEqualTo(fault));
    }
}
