//! Nothing personal and no secret in what is logged, counted or refused.
