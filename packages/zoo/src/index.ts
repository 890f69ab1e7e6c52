export { pretrained, type AttackTried, type Card, type ErrorAt, type PretrainedId } from './cards.js';
export { loadPretrained, type LoadPretrainedOptions, type Pretrained } from './load-pretrained.js';
