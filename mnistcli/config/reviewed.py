"""The classes of Keras that a config may name.

Each class was reviewed: its arguments can run no code and open no file. A class of a newer
Keras is refused until it is on the list. A test compares the list with the installed Keras.
"""

# The version of Keras whose classes are all on the lists; older versions have fewer of them.
REVIEWED_KERAS = "3.15"

REVIEWED = {
    family: frozenset(names.split())
    for family, names in {
        "layers": """
            Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D
            AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D
            AdaptiveMaxPooling3D Add AdditiveAttention AlphaDropout Attention AugMix
            AutoContrast Average AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D
            AvgPool2D AvgPool3D BatchNormalization Bidirectional CategoryEncoding CenterCrop
            Concatenate ContrastLimitedAdaptiveHistogramEqualization Conv1D Conv1DTranspose
            Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D
            Convolution1D Convolution1DTranspose Convolution2D Convolution2DTranspose
            Convolution3D Convolution3DTranspose Cropping1D Cropping2D Cropping3D CutMix Dense
            DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout ELU EinsumDense Embedding
            Equalization Flatten GRU GRUCell GaussianDropout GaussianNoise
            GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D
            GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D
            GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization
            GroupQueryAttention HashedCrossing Hashing Identity Input InputLayer LSTM LSTMCell
            LayerNormalization LeakyReLU Masking MaxNumBoundingBoxes MaxPool1D MaxPool2D
            MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D Maximum MelSpectrogram Minimum
            MixUp MultiHeadAttention Multiply Normalization PReLU Permute RMSNormalization RNN
            RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter
            RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip
            RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPerspective
            RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear
            RandomTranslation RandomZoom ReLU RepeatVector Rescaling Reshape Resizing
            ReversibleEmbedding STFTSpectrogram SeparableConv1D SeparableConv2D
            SeparableConvolution1D SeparableConvolution2D SimpleRNN SimpleRNNCell Softmax
            Solarization SpatialDropout1D SpatialDropout2D SpatialDropout3D
            SpectralNormalization StackedRNNCells Subtract TimeDistributed UnitNormalization
            UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
        """,
        "optimizers": """
            Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer Muon
            Nadam RMSprop SGD ScheduleFreeAdamW
        """,
        "losses": """
            BinaryCrossentropy BinaryFocalCrossentropy CTC CategoricalCrossentropy
            CategoricalFocalCrossentropy CategoricalGeneralizedCrossEntropy CategoricalHinge
            Circle CosineSimilarity Dice Hinge Huber KLDivergence LogCosh MeanAbsoluteError
            MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson
            SparseCategoricalCrossentropy SquaredHinge Tversky
        """,
        "metrics": """
            AUC Accuracy BinaryAccuracy BinaryCrossentropy BinaryIoU CategoricalAccuracy
            CategoricalCrossentropy CategoricalHinge ConcordanceCorrelation CosineSimilarity
            F1Score FBetaScore FalseNegatives FalsePositives Hinge IoU KLDivergence LogCoshError
            Mean MeanAbsoluteError MeanAbsolutePercentageError MeanIoU MeanSquaredError
            MeanSquaredLogarithmicError OneHotIoU OneHotMeanIoU PearsonCorrelation Poisson
            Precision PrecisionAtRecall R2Score Recall RecallAtPrecision RootMeanSquaredError
            SensitivityAtSpecificity SparseCategoricalAccuracy SparseCategoricalCrossentropy
            SparseTopKCategoricalAccuracy SpecificityAtSensitivity SquaredHinge Sum
            TopKCategoricalAccuracy TrueNegatives TruePositives
        """,
        "initializers": """
            Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity IdentityInitializer
            LecunNormal LecunUniform Ones Orthogonal OrthogonalInitializer RandomNormal
            RandomUniform STFT STFTInitializer TruncatedNormal VarianceScaling Zeros
        """,
        "regularizers": "L1 L1L2 L2 OrthogonalRegularizer",
        "constraints": "MaxNorm MinMaxNorm NonNeg UnitNorm",
        "optimizers.schedules": """
            CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay
            PiecewiseConstantDecay PolynomialDecay
        """,
    }.items()
}

_OUTSIDE = "runs code or a file from outside the config, so it is not allowed"
_BASE = "is a base class of Keras, which does nothing by itself"
_OBJECTS = "takes Python objects, which a config cannot hold"

# The reasons why other classes are refused.
REFUSED = {
    **dict.fromkeys(("Lambda", "TFSMLayer", "FlaxLayer", "JaxLayer"), _OUTSIDE),
    **dict.fromkeys(("TorchModuleWrapper", "TextVectorization"), _OUTSIDE),
    **dict.fromkeys(("StringLookup", "IntegerLookup"), _OUTSIDE),  # their vocabulary is a file's
    **dict.fromkeys(("Layer", "Wrapper", "Optimizer", "Loss", "Metric", "Initializer"), _BASE),
    **dict.fromkeys(("Regularizer", "Constraint", "LearningRateSchedule"), _BASE),
    **dict.fromkeys(("MeanMetricWrapper", "MultiOptimizer", "OptimizerMap"), _OBJECTS),
    "InputSpec": "is no layer; 'Input' is one",
    "Pipeline": "is a list of layers; write the layers themselves",
}
