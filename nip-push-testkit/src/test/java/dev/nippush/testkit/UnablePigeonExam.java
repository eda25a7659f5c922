package dev.nippush.testkit;

import java.util.Optional;
import java.util.Set;

/** The exam of a pigeon whose provider can do nothing but take messages, and that borrows nothing. */
final class UnablePigeonExam extends PigeonExam {

    UnablePigeonExam() {
        super(PigeonTransport::new);
    }

    @Override
    protected Gateway gateway() {
        return new PigeonLoft(Set.of());
    }

    @Override
    protected Optional<Lending> lending(Gateway gateway) {
        return Optional.empty();
    }
}
