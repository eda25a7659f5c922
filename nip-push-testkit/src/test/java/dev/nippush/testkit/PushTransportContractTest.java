package dev.nippush.testkit;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.DeviceAddressReader;
import dev.nippush.testkit.Gateway.Ability;
import dev.nippush.testkit.Gateway.Received;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushTransport;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;
import org.slf4j.LoggerFactory;

class PushTransportContractTest {

    @Nested
    class GoodTransportPasses extends PushTransportContract {
        @Override
        protected Gateway gateway() {
            return new PigeonLoft();
        }

        @Override
        protected PushTransport transport(Gateway gateway) {
            return new PigeonTransport((PigeonLoft) gateway);
        }

        @Override
        protected List<DeviceAddress> foreignDevices() {
            return List.of(owl());
        }
    }

    @Test
    void transportThatServesEverythingFails() {
        assertFails(
                loft -> new PigeonTransport(loft) {
                    @Override
                    public boolean serves(DeviceAddress address) {
                        return true;
                    }
                },
                PushTransportContract::servesItsOwnDevicesOnly);
    }

    @Test
    void transportThatTakesSilenceForAnAnswerFails() {
        Function<PigeonLoft, PushTransport> broken = loft -> new PigeonTransport(loft) {
            @Override
            public CompletionStage<PushResult> send(PushMessage message) {
                return super.send(message).exceptionally(silence -> PushResult.retryLater("silence"));
            }
        };

        assertFails(broken, PushTransportContract::lostConnectionIsSilence);
        assertFails(broken, PushTransportContract::missingAnswerIsSilence);
        assertFails(broken, PushTransportContract::unreachableProviderIsSilence);
    }

    @Test
    void transportThatTakesEveryAnswerForAcceptanceFails() {
        Function<PigeonLoft, PushTransport> broken = loft -> new PigeonTransport(loft) {
            @Override
            PushResult result(PigeonLoft.Reply reply) {
                return PushResult.accepted();
            }
        };

        assertFails(broken, PushTransportContract::temporaryFailureIsRetriedByTheEngine);
        assertFails(broken, PushTransportContract::delayIsPassedOn);
        assertFails(broken, PushTransportContract::unknownDeviceIsGone);
        assertFails(broken, PushTransportContract::refusedMessageIsTheMessagesFault);
        assertFails(broken, PushTransportContract::refusedDeviceIsTheDevicesFault);
        assertFails(broken, PushTransportContract::refusedCredentialsAreOurFault);
    }

    @Test
    void transportThatLosesTheDateOfDeathFails() {
        assertFails(
                loft -> new PigeonTransport(loft) {
                    @Override
                    PushResult result(PigeonLoft.Reply reply) {
                        return PushResult.deviceGone();
                    }
                },
                PushTransportContract::deviceIsGoneSinceTheProvidersDate);
    }

    @Test
    void transportThatWaitsForTheAnswerFails() {
        assertFails(
                loft -> new PigeonTransport(loft) {
                    @Override
                    CompletableFuture<PigeonLoft.Reply> reply(Received letter) {
                        CompletableFuture<PigeonLoft.Reply> reply = super.reply(letter);
                        reply.handle((answer, silence) -> true).join();
                        return reply;
                    }
                },
                PushTransportContract::sendDoesNotBlock);
    }

    @Test
    void transportThatRetriesByItselfFails() {
        assertFails(
                loft -> new PigeonTransport(loft) {
                    @Override
                    CompletableFuture<PigeonLoft.Reply> reply(Received letter) {
                        return super.reply(letter)
                                .thenCompose(reply -> reply.word().equals("storm")
                                        ? super.reply(letter)
                                        : CompletableFuture.completedFuture(reply));
                    }
                },
                PushTransportContract::temporaryFailureIsRetriedByTheEngine);
    }

    @Test
    void transportThatTearsCharactersOrDoesNotCutFails() {
        assertFails(
                loft -> new PigeonTransport(loft) {
                    @Override
                    Received letter(PushMessage message) {
                        // 1 and 3 more UTF-16 units tear a pair; so does one of the four shifts in the exam.
                        return with(message, message.notification().body().substring(0, 302));
                    }
                },
                exam -> exam.longTextIsCut(0));
        assertFails(
                loft -> new PigeonTransport(loft) {
                    @Override
                    Received letter(PushMessage message) {
                        return with(message, message.notification().body());
                    }
                },
                exam -> exam.longTextIsCut(0));
    }

    @Test
    void transportThatTellsSecretsFails() {
        assertFails(
                loft -> new PigeonTransport(loft) {
                    @Override
                    public CompletionStage<PushResult> send(PushMessage message) {
                        return super.send(message)
                                .thenApply(result -> result instanceof PushResult.Rejected
                                        ? PushResult.rejected(
                                                Fault.MESSAGE,
                                                "refused: "
                                                        + message.notification().body())
                                        : result);
                    }
                },
                PushTransportContract::keepsSecrets);
        assertFails(
                loft -> new PigeonTransport(loft) {
                    @Override
                    public CompletionStage<PushResult> send(PushMessage message) {
                        LoggerFactory.getLogger("dev.nippush.pigeon")
                                .trace("to {}", message.address().token());
                        return super.send(message);
                    }
                },
                PushTransportContract::keepsSecrets);
    }

    @Test
    void transportThatAcceptsAfterItsCloseFails() {
        assertFails(
                loft -> new PigeonTransport(loft) {
                    @Override
                    public void close() {}
                },
                PushTransportContract::sendAfterCloseIsSilence);
    }

    @Test
    void transportThatAbandonsWhatIsInFlightFails() {
        assertFails(
                loft -> new PigeonTransport(loft) {
                    private final CompletableFuture<PigeonLoft.Reply> abandoned = new CompletableFuture<>();

                    @Override
                    CompletableFuture<PigeonLoft.Reply> reply(Received letter) {
                        return abandoned;
                    }

                    @Override
                    public void close() {
                        abandoned.completeExceptionally(new IllegalStateException("closed"));
                    }

                    @Override
                    Received letter(PushMessage message) {
                        Received letter = super.letter(message);
                        loft.received().add(letter);
                        return letter;
                    }
                },
                PushTransportContract::closeLetsInFlightLand);
    }

    @Test
    void caseIsSkippedOnlyWhenTheGatewayDeclaresThatItCannot() {
        Set<Ability> abilities = EnumSet.complementOf(EnumSet.of(Ability.RETRY_AFTER));

        assertThatThrownBy(() -> take(abilities, PigeonTransport::new, PushTransportContract::delayIsPassedOn))
                .isInstanceOf(TestAbortedException.class)
                .hasMessageContaining("RETRY_AFTER");
    }

    private interface Case {
        void run(PushTransportContract exam) throws Exception;
    }

    private static void assertFails(Function<PigeonLoft, PushTransport> transport, Case one) {
        assertThatThrownBy(() -> take(EnumSet.allOf(Ability.class), transport, one))
                .isInstanceOf(AssertionError.class);
    }

    private static void take(Set<Ability> abilities, Function<PigeonLoft, PushTransport> transport, Case one)
            throws Exception {
        PushTransportContract exam = new PushTransportContract() {
            @Override
            protected Gateway gateway() {
                return new PigeonLoft(abilities);
            }

            @Override
            protected PushTransport transport(Gateway gateway) {
                return transport.apply((PigeonLoft) gateway);
            }

            @Override
            protected List<DeviceAddress> foreignDevices() {
                return List.of(owl());
            }
        };
        exam.openGatewayAndTransport();
        try {
            one.run(exam);
        } finally {
            exam.closeTransportAndGateway();
        }
    }

    private static Received with(PushMessage message, String body) {
        return new Received(
                message.address(),
                message.notification().title(),
                body,
                message.notification().data(),
                Optional.empty(),
                Optional.empty());
    }

    private static DeviceAddress owl() {
        return new DeviceAddressReader(List.of()).read("owl://barn").orElseThrow();
    }
}
