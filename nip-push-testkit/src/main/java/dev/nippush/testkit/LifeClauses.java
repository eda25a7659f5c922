package dev.nippush.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nippush.testkit.Gateway.Ability;
import dev.nippush.testkit.Gateway.Answer;
import dev.nippush.testkit.PushTransportContract.Lending;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushTransport;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** How a transport is called, and how it ends. */
abstract class LifeClauses extends PayloadClauses {

    private static final int LONGEST_NAME = 64;

    /** Closing may go on until what is in flight has ended, so nothing tells that it has begun. */
    private static final int MILLIS_TO_BEGIN = 150;

    LifeClauses() {}

    /** A client that transports borrow; empty if they have their own only. */
    protected abstract Optional<Lending> lending(Gateway gateway);

    @Test
    @DisplayName("Its name for logs is short, and always the same")
    protected final void nameIsShortAndStable() {
        String name = transport().toString();
        assertThat(name).isNotBlank().hasSizeLessThanOrEqualTo(LONGEST_NAME).matches("\\P{Cntrl}*");

        sendTo(0);
        assertThat(transport()).hasToString(name);

        PushTransport another = transport(provider());
        try {
            assertThat(another).hasToString(name);
        } finally {
            another.close();
        }
    }

    @Test
    @DisplayName("It can be closed without having sent anything")
    protected final void closesUnused() {
        assertClosed(closing());

        assertThat(provider().received().all()).isEmpty();
    }

    @Test
    @DisplayName("Closing again does nothing")
    protected final void closesTwice() {
        sendTo(0);
        assertClosed(closing());

        assertClosed(closing());
    }

    @Test
    @DisplayName("What is in flight when the transport is closed still lands")
    protected final void closeLetsInFlightLand() {
        needs(Ability.HANG);
        answer(0, new Answer.Hang());
        CompletableFuture<PushResult> inFlight = open(messageTo(0));
        provider().received().await(1);

        CompletableFuture<Void> closing = closing();
        closing.handle((closed, failure) -> true)
                .completeOnTimeout(false, MILLIS_TO_BEGIN, TimeUnit.MILLISECONDS)
                .join();
        provider().release();

        assertAccepted(inFlight);
        ended(closing.handle((closed, failure) -> true));
    }

    @Test
    @DisplayName("Closing ends, and so does what is in flight, though the provider says nothing")
    protected final void closeEndsDespiteSilence() {
        needs(Ability.HANG);
        answer(0, new Answer.Hang());
        CompletableFuture<PushResult> inFlight = open(messageTo(0));
        provider().received().await(1);

        assertClosed(closing());

        assertSilent(inFlight);
    }

    @Test
    @DisplayName("A message that is sent after the close is not taken for sent")
    protected final void sendAfterCloseIsSilence() {
        PushMessage message = messageTo(0);
        assertClosed(closing());

        try {
            assertThat(isSilent(CompletableFuture.completedFuture(message).thenCompose(transport()::send)))
                    .as("silent")
                    .isTrue();
        } finally {
            assertThat(provider().received().all()).isEmpty();
        }
    }

    @Test
    @DisplayName("A client that it borrowed works on when it is closed")
    protected final void borrowedClientSurvives() {
        Optional<Lending> lending = lending(provider());
        assumeTrue(
                lending.isPresent(),
                () -> getClass().getSimpleName() + " declares that its transport borrows no client");
        try (Lending client = lending.orElseThrow()) {
            PushTransport first = client.borrow();
            PushTransport second = client.borrow();
            assertAccepted(open(first, messageTo(0)));

            first.close();

            assertAccepted(open(second, messageTo(1)));
            second.close();
            PushTransport third = client.borrow();
            assertAccepted(open(third, messageTo(2)));
            third.close();
        }
    }

    private void assertClosed(CompletableFuture<Void> closing) {
        assertThatCode(() -> ended(closing)).doesNotThrowAnyException();
    }
}
