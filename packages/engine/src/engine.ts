export type EngineName = 'native' | 'wasm' | 'cpu';
export interface EngineInfo {
  name: EngineName;
  tensorflow: string | null;
  tfjs: string;
  threads: number;
}
